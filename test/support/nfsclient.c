/*
 * An NFS client over libnfs for tests and benchmarks: what its own tools don't show (times, link targets) and don't do (several reads in
 * flight). Built where it is used:  cc -O2 -o nfsclient nfsclient.c -lnfs
 *
 *   nfsclient tree URL FOLDER               copies all below URL to FOLDER, with links, modes, owners and times
 *   nfsclient names URL                     the names in a folder, one a line
 *   nfsclient part URL OFFSET COUNT         octets of a file to standard output
 *   nfsclient read URL CLIENTS BYTES DEPTH SEC     whole files over and over, DEPTH reads of BYTES in flight for each client
 *   nfsclient stat URL CLIENTS DEPTH SEC           GETATTR of a file
 *   nfsclient list URL SEC                         a folder by READDIRPLUS
 *
 * URL as libnfs has it: nfs://SERVER/PATH?nfsport=2049&mountport=2049. What is measured is told as one line of JSON.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw-nfs.h>

enum { PART = 256 * 1024, MOST_CLIENTS = 256, MOST_DEPTH = 64 };

static void fail(const char *what, const char *why) {
  fprintf(stderr, "nfsclient: %s: %s\n", what, why);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static struct nfs_context *mounted(const char *text, struct nfs_url **url, int is_file) {
  struct nfs_context *nfs = nfs_init_context();
  if (nfs == NULL) fail(text, "no memory");
  nfs_set_dircache(nfs, 0);
  *url = is_file ? nfs_parse_url_full(nfs, text) : nfs_parse_url_dir(nfs, text);
  if (*url == NULL) fail(text, nfs_get_error(nfs));
  if (nfs_mount(nfs, (*url)->server, (*url)->path) != 0) fail(text, nfs_get_error(nfs));
  return nfs;
}

static char *joined(const char *folder, const char *name) {
  char *all;
  if (asprintf(&all, "%s/%s", folder, name) < 0) fail(name, "no memory");
  return all;
}

/* Last: a folder that may not be written to is filled before, and a new owner takes set-uid away. Links have no mode of their own here. */
static void dress(const char *to, const struct nfsdirent *entry) {
  struct timespec times[2] = {{entry->mtime.tv_sec, entry->mtime_nsec}, {entry->mtime.tv_sec, entry->mtime_nsec}};
  if (lchown(to, entry->uid, entry->gid) != 0) fail(to, strerror(errno));
  if (entry->type != NF3LNK && chmod(to, entry->mode & 07777) != 0) fail(to, strerror(errno));
  if (utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) != 0) fail(to, strerror(errno));
}

static void copy_file(struct nfs_context *nfs, const char *from, const char *to) {
  static char part[PART];
  struct nfsfh *file;
  if (nfs_open(nfs, from, O_RDONLY, &file) != 0) fail(from, nfs_get_error(nfs));
  int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (out < 0) fail(to, strerror(errno));
  for (;;) {
    int count = nfs_read(nfs, file, sizeof part, part);
    if (count < 0) fail(from, nfs_get_error(nfs));
    if (count == 0) break;
    if (write(out, part, count) != count) fail(to, strerror(errno));
  }
  close(out);
  nfs_close(nfs, file);
}

static void copy_link(struct nfs_context *nfs, const char *from, const char *to) {
  static char target[8192];
  if (nfs_readlink(nfs, from, target, sizeof target) != 0) fail(from, nfs_get_error(nfs));
  if (symlink(target, to) != 0) fail(to, strerror(errno));
}

static void copy_tree(struct nfs_context *nfs, const char *from, const char *to) {
  struct nfsdir *folder;
  if (nfs_opendir(nfs, *from ? from : "/", &folder) != 0) fail(from, nfs_get_error(nfs));
  for (struct nfsdirent *entry; (entry = nfs_readdir(nfs, folder)) != NULL;) {
    if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
    char *source = joined(from, entry->name), *target = joined(to, entry->name);
    if (entry->type == NF3DIR) {
      if (mkdir(target, 0700) != 0) fail(target, strerror(errno));
      copy_tree(nfs, source, target);
    } else if (entry->type == NF3LNK) copy_link(nfs, source, target);
    else copy_file(nfs, source, target);
    dress(target, entry);
    free(source);
    free(target);
  }
  nfs_closedir(nfs, folder);
}

static void tree(char **args) {
  struct nfs_url *url;
  copy_tree(mounted(args[0], &url, 0), "", args[1]);
}

static void names(char **args) {
  struct nfs_url *url;
  struct nfs_context *nfs = mounted(args[0], &url, 0);
  struct nfsdir *folder;
  if (nfs_opendir(nfs, "/", &folder) != 0) fail(args[0], nfs_get_error(nfs));
  for (struct nfsdirent *entry; (entry = nfs_readdir(nfs, folder)) != NULL;) printf("%s\n", entry->name);
}

static void part(char **args) {
  struct nfs_url *url;
  struct nfs_context *nfs = mounted(args[0], &url, 1);
  struct nfsfh *file;
  uint64_t offset = strtoull(args[1], NULL, 10), left = strtoull(args[2], NULL, 10);
  static char octets[PART];
  if (nfs_open(nfs, url->file, O_RDONLY, &file) != 0) fail(args[0], nfs_get_error(nfs));
  while (left > 0) {
    int count = nfs_pread(nfs, file, offset, left < sizeof octets ? left : sizeof octets, octets);
    if (count < 0) fail(args[0], nfs_get_error(nfs));
    if (count == 0) break;
    fwrite(octets, 1, count, stdout);
    offset += count;
    left -= count;
  }
}

/* One client of a measurement: a connection of its own. */
struct client {
  struct nfs_context *nfs;
  struct nfsfh *file;
  uint64_t size, next;
};

static struct client clients[MOST_CLIENTS];
static int client_count, depth, in_flight;
static uint64_t block, octets, answers;
static double until;

static void read_more(struct client *client);

static void was_read(int status, struct nfs_context *nfs, void *data, void *private_data) {
  if (status < 0) fail("read", data ? (char *)data : nfs_get_error(nfs));
  octets += status;
  answers++;
  in_flight--;
  read_more(private_data);
}

static void read_more(struct client *client) {
  if (now() >= until) return;
  uint64_t at = client->next;
  client->next = at + block < client->size ? at + block : 0;
  if (nfs_pread_async(client->nfs, client->file, at, block, was_read, client) != 0) fail("read", nfs_get_error(client->nfs));
  in_flight++;
}

static void stat_more(struct client *client);

static void was_told(int status, struct nfs_context *nfs, void *data, void *private_data) {
  if (status < 0) fail("stat", data ? (char *)data : nfs_get_error(nfs));
  answers++;
  in_flight--;
  stat_more(private_data);
}

static void stat_more(struct client *client) {
  if (now() >= until) return;
  if (nfs_fstat64_async(client->nfs, client->file, was_told, client) != 0) fail("stat", nfs_get_error(client->nfs));
  in_flight++;
}

static void serve_all(void) {
  struct pollfd polled[MOST_CLIENTS];
  while (in_flight > 0) {
    for (int i = 0; i < client_count; i++) {
      polled[i].fd = nfs_get_fd(clients[i].nfs);
      polled[i].events = nfs_which_events(clients[i].nfs);
    }
    if (poll(polled, client_count, 10000) <= 0) fail("poll", "nothing for ten seconds");
    for (int i = 0; i < client_count; i++)
      if (polled[i].revents && nfs_service(clients[i].nfs, polled[i].revents) < 0) fail("service", nfs_get_error(clients[i].nfs));
  }
}

static void measure(const char *text, double sec, void (*more)(struct client *)) {
  for (int i = 0; i < client_count; i++) {
    struct nfs_url *url;
    struct nfs_stat_64 told;
    clients[i].nfs = mounted(text, &url, 1);
    if (nfs_open(clients[i].nfs, url->file, O_RDONLY, &clients[i].file) != 0) fail(text, nfs_get_error(clients[i].nfs));
    if (nfs_fstat64(clients[i].nfs, clients[i].file, &told) != 0) fail(text, nfs_get_error(clients[i].nfs));
    clients[i].size = told.nfs_size;
    /* Each begins at another place, as clients that booted one after the other do. */
    if (block > 0) clients[i].next = told.nfs_size / block / client_count * i * block;
  }
  double from = now();
  until = from + sec;
  for (int i = 0; i < client_count; i++)
    for (int k = 0; k < depth; k++) more(&clients[i]);
  serve_all();
  printf("{\"octets\":%llu,\"answers\":%llu,\"sec\":%.6f}\n", (unsigned long long)octets, (unsigned long long)answers, now() - from);
}

static void set_shape(const char *count, const char *flights) {
  client_count = atoi(count);
  depth = atoi(flights);
  if (client_count < 1 || client_count > MOST_CLIENTS || depth < 1 || depth > MOST_DEPTH) fail(count, "too many or none");
}

static void read_files(char **args) {
  set_shape(args[1], args[3]);
  block = strtoull(args[2], NULL, 10);
  measure(args[0], atof(args[4]), read_more);
}

static void stat_file(char **args) {
  set_shape(args[1], args[2]);
  measure(args[0], atof(args[3]), stat_more);
}

static void list(char **args) {
  struct nfs_url *url;
  struct nfs_context *nfs = mounted(args[0], &url, 0);
  double from = now();
  until = from + atof(args[1]);
  do {
    struct nfsdir *folder;
    if (nfs_opendir(nfs, "/", &folder) != 0) fail(args[0], nfs_get_error(nfs));
    while (nfs_readdir(nfs, folder) != NULL) answers++;
    nfs_closedir(nfs, folder);
  } while (now() < until);
  printf("{\"octets\":0,\"answers\":%llu,\"sec\":%.6f}\n", (unsigned long long)answers, now() - from);
}

int main(int count, char **words) {
  static const struct { const char *name; int arguments; void (*run)(char **); } ways[] = {
    {"tree", 2, tree}, {"names", 1, names}, {"part", 3, part}, {"read", 5, read_files}, {"stat", 4, stat_file}, {"list", 2, list},
  };
  for (size_t i = 0; count > 1 && i < sizeof ways / sizeof *ways; i++)
    if (strcmp(words[1], ways[i].name) == 0 && count == ways[i].arguments + 2) return ways[i].run(words + 2), 0;
  fail("usage", "see the head of nfsclient.c");
}
