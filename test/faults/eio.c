/*
 * A disk that fails: loaded before libc (LD_PRELOAD), it lets the first EIO_AFTER calls of EIO_CALL (read, write, sync) on files
 * whose path holds EIO_PATH pass, and fails every later one with EIO.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(const char *call, int fd) {
  static long left = -1;
  const char *wanted = getenv("EIO_CALL"), *part = getenv("EIO_PATH"), *after = getenv("EIO_AFTER");
  char name[64], path[4096];
  if (!wanted || !part || !after || strcmp(wanted, call)) return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t got = readlink(name, path, sizeof path - 1);
  if (got < 0) return 0;
  path[got] = 0;
  if (!strstr(path, part)) return 0;
  if (left < 0) left = atol(after);
  if (left > 0) {
    left--;
    return 0;
  }
  errno = EIO;
  return 1;
}

#define REAL(type, name, ...)                      \
  static type (*real)(__VA_ARGS__);                \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return fails("write", fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
  return fails("read", fd) ? -1 : real(fd, bytes, count, at);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return fails("sync", fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return fails("sync", fd) ? -1 : real(fd);
}
