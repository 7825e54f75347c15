/*
 * Load for servers that pass datagrams on, ours and others: it owns the sockets of all pairs, and knows of a protocol
 * nothing but the bytes that stand before a payload. Who drives it says over stdin, a line a command, what to send
 * while pairs are bound, and hears over stdout what came; a run then is silent until its result. One thread sends and
 * receives, so that on two cores the server has one to itself. Build: gcc -O2 -o relay-load relay-load.c
 *
 *   open N                     N sockets, each with a loopback address of its own  -> ports P...
 *   say I PORT HEX             one datagram from socket I to 127.0.0.1:PORT        (answers: heard I HEX)
 *   pair FROM TO SKIP PORT HEX one more pair: FROM sends to 127.0.0.1:PORT behind the bytes HEX; TO hears SKIP bytes
 *                              before the payload. PORT 0: directly to TO.
 *   unpair                     forgets all pairs
 *   run PAIRS WINDOW RATE BURST GSO MS
 *                              the first PAIRS pairs by turns, BURST datagrams each, in one piece if GSO; at most
 *                              WINDOW under way, at most RATE a second (0: any)
 *                              -> ran SENT GOT LATE MS P50 P99 P999 (microseconds from sending to receiving)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define PAYLOAD 1200
#define HEAD_MAX 32
#define BURST_MAX 64
#define PIECES 16
#define PIECE 65536
#define LINE 8192
#define BUFFER_BYTES (4 * 1024 * 1024)
/* Nothing came for so long: what is under way is lost. */
#define STALL_NS 50000000ull
#define DELAYS 1000000

struct pair {
  int from, to, skip, head_bytes;
  uint8_t head[HEAD_MAX];
  struct sockaddr_in target;
  uint32_t sent, seen;
};
struct mark { uint64_t ns; uint32_t pair, number; } __attribute__((packed));

static int sockets, polled, *fds, *pair_of;
static struct sockaddr_in *names;
static struct pair *pairs;
static int pair_count, pair_room;
static uint8_t *pieces;
static struct mmsghdr in[PIECES];
static struct iovec in_parts[PIECES];
static uint8_t in_control[PIECES][64];
static uint32_t *delays;
static uint64_t got, late, lost, sent, last_ns, running_from_ns;
static int running;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void die(const char *what) { perror(what); exit(1); }

static void set(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

static void open_sockets(int count) {
  struct rlimit r;
  getrlimit(RLIMIT_NOFILE, &r);
  r.rlim_cur = r.rlim_max;
  setrlimit(RLIMIT_NOFILE, &r);
  fds = calloc(count, sizeof *fds);
  pair_of = calloc(count, sizeof *pair_of);
  names = calloc(count, sizeof *names);
  printf("ports");
  for (int i = 0; i < count; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
    set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
    set(fd, SOL_UDP, UDP_GRO, 1);
    struct sockaddr_in a = loopback(0);
    a.sin_addr.s_addr = htonl(0x7f010000 + i + 1);
    socklen_t length = sizeof a;
    if (bind(fd, (void *)&a, length) < 0 || getsockname(fd, (void *)&a, &length) < 0) die("bind");
    names[i] = a;
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(polled, EPOLL_CTL_ADD, fd, &e) < 0) die("epoll_ctl");
    fds[i] = fd;
    pair_of[i] = -1;
    printf(" %d", ntohs(a.sin_port));
  }
  sockets = count;
  printf("\n");
}

static int read_hex(const char *text, uint8_t *into, int max) {
  int n = 0;
  unsigned byte;
  while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1) into[n++] = byte;
  return n;
}

static void count_one(const uint8_t *datagram, int bytes, uint64_t ns) {
  struct mark m;
  memcpy(&m, datagram, sizeof m);
  if (bytes < (int)sizeof m || m.pair >= (uint32_t)pair_count || m.ns < running_from_ns) return;
  struct pair *p = &pairs[m.pair];
  if (m.number > p->seen) {
    lost += m.number - p->seen - 1;
    p->seen = m.number;
  } else {
    late++;
    if (lost > 0) lost--;
  }
  got++;
  uint64_t us = (ns - m.ns) / 1000;
  delays[us < DELAYS ? us : DELAYS - 1]++;
}

static int segment_of(struct msghdr *m) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) return *(int *)CMSG_DATA(c);
  return 0;
}

static void hear(int i) {
  for (int k = 0; k < PIECES; k++) in[k].msg_hdr.msg_controllen = sizeof in_control[k];
  int n = recvmmsg(fds[i], in, PIECES, MSG_DONTWAIT, NULL);
  if (n <= 0) return;
  uint64_t ns = last_ns = now_ns();
  for (int k = 0; k < n; k++) {
    uint8_t *bytes = pieces + (size_t)k * PIECE;
    int length = in[k].msg_len, segment = segment_of(&in[k].msg_hdr);
    if (segment == 0) segment = length;
    for (int at = 0; at < length; at += segment) {
      int room = length - at < segment ? length - at : segment;
      if (running) {
        int p = pair_of[i];
        if (p >= 0 && room == PAYLOAD + pairs[p].skip) count_one(bytes + at + pairs[p].skip, PAYLOAD, ns);
      } else {
        printf("heard %d ", i);
        for (int b = 0; b < room && b < LINE / 2; b++) printf("%02x", bytes[at + b]);
        printf("\n");
      }
    }
  }
}

/* Whether anything came. */
static int poll_sockets(int wait_ms) {
  struct epoll_event events[256];
  int n = epoll_wait(polled, events, 256, wait_ms);
  for (int k = 0; k < n; k++) if (events[k].data.u32 != UINT32_MAX) hear(events[k].data.u32);
  return n > 0;
}

static uint8_t out[BURST_MAX * (PAYLOAD + HEAD_MAX)];

static void send_burst(int index, int burst, int gso) {
  static struct mmsghdr messages[BURST_MAX];
  static struct iovec parts[BURST_MAX];
  struct pair *p = &pairs[index];
  int size = p->head_bytes + PAYLOAD;
  struct mark m = {.ns = now_ns(), .pair = index};
  for (int k = 0; k < burst; k++) {
    uint8_t *at = out + (size_t)k * size;
    m.number = ++p->sent;
    memcpy(at, p->head, p->head_bytes);
    memcpy(at + p->head_bytes, &m, sizeof m);
  }
  sent += burst;
  if (gso && burst > 1) {
    union { char bytes[CMSG_SPACE(sizeof(uint16_t))]; struct cmsghdr aligned; } control = {0};
    struct iovec part = {.iov_base = out, .iov_len = (size_t)burst * size};
    struct msghdr h = {.msg_name = &p->target, .msg_namelen = sizeof p->target, .msg_iov = &part, .msg_iovlen = 1,
                       .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    *(uint16_t *)CMSG_DATA(c) = size;
    if (sendmsg(fds[p->from], &h, 0) < 0 && errno != EAGAIN && errno != ECONNREFUSED) die("sendmsg");
    return;
  }
  for (int k = 0; k < burst; k++) {
    parts[k] = (struct iovec){.iov_base = out + (size_t)k * size, .iov_len = size};
    messages[k].msg_hdr = (struct msghdr){.msg_name = &p->target, .msg_namelen = sizeof p->target, .msg_iov = &parts[k], .msg_iovlen = 1};
  }
  if (sendmmsg(fds[p->from], messages, burst, 0) < 0 && errno != EAGAIN && errno != ECONNREFUSED) die("sendmmsg");
}

static uint64_t quantile(double share) {
  uint64_t until = (uint64_t)(got * share), sum = 0;
  for (int us = 0; us < DELAYS; us++) if ((sum += delays[us]) > until) return us;
  return DELAYS;
}

static void run(int used, uint64_t window, double rate, int burst, int gso, int ms) {
  if (used < 1 || used > pair_count || burst < 1 || burst > BURST_MAX) { printf("wrong\n"); return; }
  memset(delays, 0, DELAYS * sizeof *delays);
  got = late = lost = sent = 0;
  for (int k = 0; k < pair_count; k++) pairs[k].sent = pairs[k].seen = 0;
  running = 1;
  uint64_t start = now_ns(), now = start, end = start + (uint64_t)ms * 1000000ull;
  last_ns = running_from_ns = start;
  int turn = 0;
  while ((now = now_ns()) < end) {
    uint64_t due = rate > 0 ? (uint64_t)((now - start) * rate / 1e9) : UINT64_MAX;
    /* Both by turns: never more than so many without looking at what came. */
    for (int k = 0; k < BURST_MAX && sent + burst <= due && sent - got - lost + burst <= window; k += burst) {
      send_burst(turn, burst, gso);
      turn = turn + 1 == used ? 0 : turn + 1;
    }
    poll_sockets(0);
    if (sent - got - lost + burst > window && now > last_ns + STALL_NS) {
      for (int k = 0; k < used; k++) lost += pairs[k].sent - pairs[k].seen, pairs[k].seen = pairs[k].sent;
      last_ns = now;
    }
  }
  double took = (now - start) / 1e6;
  uint64_t in_time = got;
  while (sent > got && now_ns() < now + 4 * STALL_NS) poll_sockets(1);
  running = 0;
  printf("ran %lu %lu %lu %lu %.3f %lu %lu %lu\n", sent, got, in_time, late, took, quantile(0.5), quantile(0.99), quantile(0.999));
}

static void obey(char *line) {
  int a, b, c, d, at = 0;
  uint8_t bytes[LINE / 2];
  if (sscanf(line, "open %d", &a) == 1) open_sockets(a);
  else if (sscanf(line, "say %d %d %n", &a, &b, &at) == 2 && a >= 0 && a < sockets) {
    int n = read_hex(line + at, bytes, sizeof bytes);
    struct sockaddr_in to = loopback(b);
    if (sendto(fds[a], bytes, n, 0, (void *)&to, sizeof to) < 0) perror("sendto");
  } else if (sscanf(line, "pair %d %d %d %d %n", &a, &b, &c, &d, &at) == 4) {
    if (pair_count == pair_room) pairs = realloc(pairs, (pair_room = pair_room * 2 + 64) * sizeof *pairs);
    struct pair *p = &pairs[pair_count];
    memset(p, 0, sizeof *p);
    p->from = a;
    p->to = b;
    p->skip = c;
    p->target = d == 0 ? names[b] : loopback(d);
    p->head_bytes = read_hex(line + at, p->head, HEAD_MAX);
    pair_of[b] = pair_count++;
  } else if (strncmp(line, "unpair", 6) == 0) {
    pair_count = 0;
    for (int i = 0; i < sockets; i++) pair_of[i] = -1;
  } else {
    unsigned long window;
    double rate;
    int burst, gso, ms;
    if (sscanf(line, "run %d %lu %lf %d %d %d", &a, &window, &rate, &burst, &gso, &ms) == 6)
      run(a, window, rate, burst, gso, ms);
    else printf("wrong\n");
  }
}

int main(void) {
  static char text[1 << 20];
  size_t held = 0;
  polled = epoll_create1(0);
  pieces = malloc((size_t)PIECES * PIECE);
  delays = malloc(DELAYS * sizeof *delays);
  memset(out, 0x5a, sizeof out);
  for (int k = 0; k < PIECES; k++) {
    in_parts[k] = (struct iovec){.iov_base = pieces + (size_t)k * PIECE, .iov_len = PIECE};
    in[k].msg_hdr = (struct msghdr){.msg_iov = &in_parts[k], .msg_iovlen = 1, .msg_control = in_control[k]};
  }
  fcntl(0, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
  epoll_ctl(polled, EPOLL_CTL_ADD, 0, &e);
  for (;;) {
    ssize_t n = read(0, text + held, sizeof text - 1 - held);
    if (n == 0) return 0;
    if (n > 0) held += n;
    text[held] = 0;
    char *line = text, *end;
    while ((end = strchr(line, '\n'))) {
      *end = 0;
      obey(line);
      line = end + 1;
    }
    held -= line - text;
    memmove(text, line, held);
    fflush(stdout);
    if (n <= 0) poll_sockets(-1);
    fflush(stdout);
  }
}
