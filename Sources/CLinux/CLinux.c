#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int coppice_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int coppice_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int coppice_set_affinity(const int *processors, int count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < count; i++) {
    if (processors[i] < 0 || processors[i] >= CPU_SETSIZE) {
      errno = EINVAL;
      return -1;
    }
    CPU_SET(processors[i], &set);
  }
  return sched_setaffinity(0, sizeof(set), &set);
}

int coppice_available_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

int coppice_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int coppice_eventfd_signal(int descriptor) {
  uint64_t one = 1;
  return write(descriptor, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

int coppice_eventfd_drain(int descriptor) {
  uint64_t count;
  if (read(descriptor, &count, sizeof(count)) == sizeof(count) || errno == EAGAIN) return 0;
  return -1;
}

long long coppice_boottime_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (long long)now.tv_sec * 1000000000LL + now.tv_nsec;
}

void coppice_release_free_memory(void) { malloc_trim(0); }

int coppice_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int coppice_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int coppice_spawn_change_folder(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}
