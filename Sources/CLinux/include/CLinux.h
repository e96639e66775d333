#ifndef COPPICE_CLINUX_H
#define COPPICE_CLINUX_H

#include <spawn.h>
#include <sys/types.h>

/// Asks the kernel to send `signal` to this process when its parent dies. Returns 0, or -1 with errno set.
/// The caller must compare getppid() afterwards: the parent may have died before the call.
int coppice_set_parent_death_signal(int signal);

/// A descriptor that becomes readable when the process ends (pidfd_open), or -1 with errno set.
int coppice_pidfd_open(pid_t pid);

/// Pins the calling thread and those that it will start to `count` processors. Returns 0, or -1 with errno set.
int coppice_set_affinity(const int *processors, int count);

/// How many processors this process may run on, at least 1.
int coppice_available_processors(void);

/// An event descriptor (eventfd, close-on-exec, non-blocking), or -1 with errno set.
int coppice_eventfd(void);

/// Adds one to an event descriptor's counter; safe from any thread. Returns 0, or -1 with errno set.
int coppice_eventfd_signal(int descriptor);

/// Resets an event descriptor's counter to zero; a counter that is zero already is no error.
int coppice_eventfd_drain(int descriptor);

/// Nanoseconds of CLOCK_BOOTTIME, which counts suspended time too.
long long coppice_boottime_nanoseconds(void);

/// Gives the memory that the C allocator keeps for later back to the kernel; takes up to a second for gigabytes.
void coppice_release_free_memory(void);

/// A pipe whose two ends are close-on-exec from the start (pipe2). Returns 0, or -1 with errno set.
int coppice_pipe(int ends[2]);

/// In the child: closes all descriptors from `first` on. Returns 0 or an error number.
int coppice_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// In the child: makes `path` the working folder. Returns 0 or an error number.
int coppice_spawn_change_folder(posix_spawn_file_actions_t *actions, const char *path);

#endif
