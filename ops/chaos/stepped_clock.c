/* A time of day that can be stepped for some processes: loaded before libc by LD_PRELOAD.
 *
 * STEPPED_CLOCK names a file that holds one int64, nanoseconds in the machine's byte order, which
 * is added to every reading of the time of day. Clocks that count from boot are left alone, as
 * clock_settime(2) leaves them alone; so is what the kernel itself stamps, as files' times.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static volatile int64_t *offset;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("STEPPED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *shared = MAP_FAILED;
    if (file >= 0) {
        shared = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    if (shared == MAP_FAILED || !real_clock_gettime)
        abort(); /* a clock that silently stays would prove nothing */
    offset = shared;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!real_clock_gettime) /* another library's constructor came first */
        real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real_clock_gettime(clock, now);
    if (failed || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return failed;
    int64_t all = (int64_t)now->tv_sec * SECOND + now->tv_nsec + *offset;
    now->tv_sec = all / SECOND;
    now->tv_nsec = all % SECOND;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec read;
    int failed = clock_gettime(CLOCK_REALTIME, &read);
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *now)
{
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now)
        *now = read.tv_sec;
    return read.tv_sec;
}
