/*
 * A delay line between two TUN devices: what goes into one comes out of the other later, for kernels without netem.
 *
 *   delay-line DEVICE DEVICE LATENCY_US JITTER_US LOSS_PPM RATE_KBIT REORDER_PPM REORDER_US SEED [QUEUE_BYTES [OFFLOAD]]
 *
 * Latency is one way. Jitter is added evenly between 0 and its value, and does not change the order; a packet that
 * is picked for reordering comes REORDER_US later than it would, and others pass it. RATE_KBIT 0 means no limit; a
 * packet that finds QUEUE_BYTES before it is lost, and without that number one that would have to queue for more than
 * a quarter of a second. With OFFLOAD 1 the kernel hands over what a flow has sent in one piece, as it does on a veth,
 * in place of packet by packet: a line costs next to nothing then, but can only be long, for what is lost or queued
 * would be such a piece. Both directions have the same numbers and know nothing of each other. Says "ready" once both
 * devices exist.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Of Linux 6.2; headers may be older than the kernel. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* A piece of many packets, and the header in which the kernel says so. */
#define PACKET_MAX (65536 + 64)
#define HEAP_MAX 65536
#define READS_MAX 64
#define QUEUE_MAX_US 250000

struct packet {
  int64_t due_us;
  uint64_t number; /* the earlier of two that are due together */
  int to;
  int length;
  unsigned char bytes[];
};

static struct packet *heap[HEAP_MAX];
static int held = 0;
static uint64_t numbered = 0;
static int64_t latency_us, jitter_us, loss_ppm, rate_kbit, reorder_ppm, reorder_us, queue_bytes, offload;
static int64_t last_due_us[2];
static double line_free_us[2];
static uint64_t chance;

static int64_t now_us(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

/* xorshift64*: the same seed loses the same packets. */
static uint32_t drawn(uint32_t below) {
  chance ^= chance >> 12;
  chance ^= chance << 25;
  chance ^= chance >> 27;
  return (uint32_t)(((chance * 0x2545F4914F6CDD1DULL) >> 32) % below);
}

static int earlier(const struct packet *one, const struct packet *other) {
  return one->due_us != other->due_us ? one->due_us < other->due_us : one->number < other->number;
}

static void push(struct packet *added) {
  int at = held++;
  while (at > 0 && earlier(added, heap[(at - 1) / 2])) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = added;
}

static struct packet *pop(void) {
  struct packet *first = heap[0], *moved = heap[--held];
  int at = 0;
  for (int child; (child = 2 * at + 1) < held; at = child) {
    if (child + 1 < held && earlier(heap[child + 1], heap[child])) child++;
    if (!earlier(heap[child], moved)) break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
  return first;
}

static int opened(const char *name) {
  struct ifreq wish;
  unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, udp = TUN_F_USO4 | TUN_F_USO6;
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  memset(&wish, 0, sizeof wish);
  wish.ifr_flags = IFF_TUN | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0);
  snprintf(wish.ifr_name, IFNAMSIZ, "%s", name);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &wish) < 0) {
    perror(name);
    exit(1);
  }
  /* Kernels before 6.2 know nothing of UDP here. */
  if (offload && ioctl(fd, TUNSETOFFLOAD, tcp | udp) < 0 && ioctl(fd, TUNSETOFFLOAD, tcp) < 0) {
    perror(name);
    exit(1);
  }
  return fd;
}

/* When this packet comes out, or -1: it is lost. */
static int64_t due(int from, int length) {
  int64_t now = now_us(), start = now;
  if (held == HEAP_MAX || drawn(1000000) < loss_ppm) return -1;
  if (rate_kbit > 0) {
    double wait_us = line_free_us[from] > now ? line_free_us[from] - now : 0;
    if (queue_bytes > 0 ? wait_us * rate_kbit / 8000 + length > queue_bytes : wait_us > QUEUE_MAX_US) return -1;
    line_free_us[from] = now + wait_us + length * 8000.0 / rate_kbit;
    start = (int64_t)line_free_us[from];
  }
  int64_t at = start + latency_us + (jitter_us > 0 ? drawn((uint32_t)jitter_us + 1) : 0);
  if (drawn(1000000) < reorder_ppm) return at + reorder_us;
  if (at < last_due_us[from]) at = last_due_us[from];
  return last_due_us[from] = at;
}

static void take_in(int fd, int from, int to_fd) {
  static unsigned char bytes[PACKET_MAX];
  for (int reads = 0; reads < READS_MAX; reads++) {
    int length = read(fd, bytes, sizeof bytes);
    if (length <= 0) return;
    int64_t at = due(from, length);
    struct packet *kept = at < 0 ? NULL : malloc(sizeof *kept + length);
    if (kept == NULL) continue;
    kept->due_us = at;
    kept->number = numbered++;
    kept->to = to_fd;
    kept->length = length;
    memcpy(kept->bytes, bytes, length);
    push(kept);
  }
}

static void let_out(void) {
  int64_t now = now_us();
  while (held > 0 && heap[0]->due_us <= now) {
    struct packet *ripe = pop();
    if (write(ripe->to, ripe->bytes, ripe->length) < 0) { /* the device is down: the packet is lost */
    }
    free(ripe);
  }
}

int main(int count, char **words) {
  if (count < 10 || count > 12) {
    fprintf(stderr, "two devices and seven to nine numbers are needed\n");
    return 2;
  }
  int64_t *numbers[] = {&latency_us, &jitter_us, &loss_ppm, &rate_kbit, &reorder_ppm, &reorder_us};
  for (int n = 0; n < 6; n++) *numbers[n] = atoll(words[3 + n]);
  chance = strtoull(words[9], NULL, 10) * 2 + 1;
  if (count > 10) queue_bytes = atoll(words[10]);
  if (count > 11) offload = atoll(words[11]);
  if (offload && (loss_ppm > 0 || rate_kbit > 0)) {
    fprintf(stderr, "pieces of many packets are neither lost nor queued\n");
    return 2;
  }
  int fds[2] = {opened(words[1]), opened(words[2])};
  printf("ready\n");
  fflush(stdout);
  struct pollfd watched[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
  for (;;) {
    int64_t left_us = held > 0 ? heap[0]->due_us - now_us() : 1000000;
    if (left_us < 0) left_us = 0;
    struct timespec wait = {left_us / 1000000, left_us % 1000000 * 1000};
    if (ppoll(watched, 2, &wait, NULL) < 0) return 1;
    let_out();
    if (watched[0].revents & POLLIN) take_in(fds[0], 0, fds[1]);
    if (watched[1].revents & POLLIN) take_in(fds[1], 1, fds[0]);
  }
}
