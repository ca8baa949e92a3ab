/* SPDX-License-Identifier: MIT */
#include "io/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store_scan.h"
#include "io/fd.h"

enum { NAME_N = 40, FILES_MAX = 1 << 20 }; /* a million starts; the list of them is 8 MiB */
#define KEPT_MAX       ((size_t)1 << 20) /* memory of a batch that is kept for the next: a rare large one is given back */
#define ROTATE_DEFAULT ((uint64_t)256 << 20)

/* What both threads touch, behind lock. */
struct shared {
    pthread_mutex_t lock;    /* held for moments only */
    pthread_mutex_t writing; /* one batch at a time; taken before lock */
    struct buf queue;        /* records that no batch has taken yet */
    uint64_t next;           /* number of the next record */
    uint64_t durable;
    bool broken;
    char why[320];
};

struct store {
    struct env env;
    char *dir;
    int dir_fd, lock_fd, fd;
    uint64_t file, size, rotate_at;
    struct store_crc crc;
    struct buf batch; /* of the thread in store_sync */
    struct shared *sh;
};

struct file_list {
    const struct mem *mem;
    uint64_t *number;
    size_t n, cap;
};

static err say(err e, char *why, size_t why_n, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static err say(err e, char *why, size_t why_n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (why_n) vsnprintf(why, why_n, fmt, ap);
    va_end(ap);
    return e;
}

/* ---- files of a folder ---- */

static void file_name(char out[NAME_N], uint64_t number, const char *end)
{
    snprintf(out, NAME_N, "alerts-%06llu.%s", (unsigned long long)number, end);
}

static bool file_number(const char *name, uint64_t *number)
{
    slice s = slice_str(name);
    const slice head = SLICE_LIT("alerts-"), tail = SLICE_LIT(".log");
    if (s.n < head.n + 6 + tail.n || !slice_starts(s, head)) return false;
    if (!slice_eq(slice_sub(s, s.n - tail.n, s.n), tail)) return false;
    return slice_number(slice_sub(s, head.n, s.n - tail.n), STORE_NUMBER_MAX, number) && *number > 0;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static err list_add(struct file_list *l, uint64_t number)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        if (cap > FILES_MAX) return ERR_LIMIT;
        uint64_t *p = mem_resize(l->mem, l->number, cap * sizeof *p);
        if (!p) return ERR_MEM;
        l->number = p;
        l->cap = cap;
    }
    l->number[l->n++] = number;
    return OK;
}

static err list_files(int dir_fd, struct file_list *l)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ERR_SYS;
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return ERR_SYS;
    }
    err e = OK;
    struct dirent *de;
    errno = 0;
    while (e == OK && (de = readdir(d))) {
        uint64_t number;
        if (file_number(de->d_name, &number)) e = list_add(l, number);
        errno = 0;
    }
    if (e == OK && errno) e = ERR_SYS;
    int keep = errno;
    closedir(d);
    errno = keep;
    if (e == OK && l->n) qsort(l->number, l->n, sizeof *l->number, by_number);
    return e;
}

/* ---- opening ---- */

static err copy_tail(int from, uint64_t off, int to)
{
    uint8_t part[16 << 10];
    for (;;) {
        ssize_t n = pread(from, part, sizeof part, (off_t)off);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_SYS;
        if (n == 0) return fsync(to) == 0 ? OK : ERR_SYS;
        TRY(fd_write_all(to, slice_of(part, (size_t)n)));
        off += (uint64_t)n;
    }
}

/* Copies first, syncs, then cuts: a crash in between leaves the tail twice, never not at all.  Appends, for
 * the same reason. */
static err move_tail(int dir_fd, uint64_t number, uint64_t good_end)
{
    char log[NAME_N], torn[NAME_N];
    file_name(log, number, "log");
    file_name(torn, number, "torn");
    int from = openat(dir_fd, log, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0) return ERR_SYS;
    int to = openat(dir_fd, torn, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    err e = to < 0 ? ERR_SYS : copy_tail(from, good_end, to);
    if (e == OK && fsync(dir_fd) != 0) e = ERR_SYS;
    if (e == OK && ftruncate(from, (off_t)good_end) != 0) e = ERR_SYS;
    if (e == OK && fsync(from) != 0) e = ERR_SYS;
    int keep = errno;
    if (to >= 0) close(to);
    close(from);
    errno = keep;
    return e;
}

/* Reads all files.  *last_end: octets of the last file that are good. */
static err scan_all(int dir_fd, const struct file_list *l, struct store_scan *scan, uint64_t *last_end,
                    char name[NAME_N])
{
    for (size_t i = 0; i < l->n && !scan->stopped; i++) {
        file_name(name, l->number[i], "log");
        int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) return ERR_SYS;
        err e = store_scan_file(scan, fd, i + 1 == l->n, last_end);
        int keep = errno;
        close(fd);
        errno = keep;
        if (e != OK) return e;
    }
    return OK;
}

static err read_error(err e, const char *dir, const char *name, char *why, size_t why_n)
{
    if (e == ERR_SYS) return say(e, why, why_n, "%s/%s: %s", dir, name, strerror(errno));
    if (e == ERR_LIMIT) return say(e, why, why_n, "%s: more than %d files", dir, FILES_MAX);
    return say(e, why, why_n, "%s: %s", dir, e == ERR_MEM ? "out of memory" : err_name(e));
}

static err begin_file(struct store *s, uint64_t number)
{
    char name[NAME_N];
    struct stat st;
    file_name(name, number, "log");
    int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return ERR_SYS;
    /* without the folder's own sync the file, records and all, may be gone after a power cut */
    if (fstat(fd, &st) != 0 || fsync(fd) != 0 || fsync(s->dir_fd) != 0) {
        int keep = errno;
        close(fd);
        errno = keep;
        return ERR_SYS;
    }
    if (s->fd >= 0) close(s->fd);
    s->fd = fd;
    s->file = number;
    s->size = (uint64_t)st.st_size;
    return OK;
}

static err open_dir(struct store *s, char *why, size_t why_n)
{
    bool made = mkdir(s->dir, 0700) == 0;
    if (!made && errno != EEXIST) return say(ERR_SYS, why, why_n, "%s: %s", s->dir, strerror(errno));
    s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0) return say(ERR_SYS, why, why_n, "%s: %s", s->dir, strerror(errno));
    if (made) {
        int up = openat(s->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (up >= 0) {
            (void)fsync(up); /* some file systems refuse it for a folder that is not ours */
            close(up);
        }
    }
    s->lock_fd = openat(s->dir_fd, "alerts.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0) return say(ERR_SYS, why, why_n, "%s/alerts.lock: %s", s->dir, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return say(ERR_SYS, why, why_n, "%s is in use by another server", s->dir);
        return say(ERR_SYS, why, why_n, "%s/alerts.lock: %s", s->dir, strerror(errno));
    }
    return OK;
}

static err read_and_begin(struct store *s, struct store_state *state, char *why, size_t why_n)
{
    struct file_list l = {.mem = s->env.mem};
    struct store_scan scan;
    char name[NAME_N] = "";
    uint64_t last_end = 0;
    store_scan_init(&scan, s->env.mem);
    err e = list_files(s->dir_fd, &l);
    if (e == OK) e = scan_all(s->dir_fd, &l, &scan, &last_end, name);
    uint64_t last = l.n ? l.number[l.n - 1] : 0;
    if (e == OK && scan.state.torn_octets) e = move_tail(s->dir_fd, last, last_end);
    if (e == OK) {
        /* a start that stored nothing leaves an empty file, which the next one takes: restarts do not fill
         * the folder */
        bool reuse = last && last_end == 0 && scan.state.torn_octets == 0;
        file_name(name, reuse ? last : last + 1, "log");
        e = begin_file(s, reuse ? last : last + 1);
    }
    if (e != OK) e = read_error(e, s->dir, name, why, why_n);
    s->sh->next = scan.last + 1;
    s->sh->durable = scan.last;
    if (state) *state = scan.state;
    store_scan_done(&scan);
    mem_free(s->env.mem, l.number);
    return e;
}

static struct store *store_new(const struct env *env, const char *dir)
{
    struct store *s = mem_new(env->mem, sizeof *s);
    if (!s) return NULL;
    s->env = *env;
    s->dir_fd = s->lock_fd = s->fd = -1;
    s->rotate_at = ROTATE_DEFAULT;
    s->dir = mem_dup(env->mem, dir, strlen(dir));
    s->sh = mem_new(env->mem, sizeof *s->sh);
    if (!s->dir || !s->sh) {
        mem_free(env->mem, s->dir);
        mem_free(env->mem, s->sh);
        mem_free(env->mem, s);
        return NULL;
    }
    pthread_mutex_init(&s->sh->lock, NULL); /* default attributes: cannot fail on this system */
    pthread_mutex_init(&s->sh->writing, NULL);
    size_t room = env->limits.content + STORE_HEAD_MAX + 1; /* at least one of the largest records */
    if (room < env->limits.store_queue) room = env->limits.store_queue;
    buf_init(&s->sh->queue, env->mem, room);
    buf_init(&s->batch, env->mem, room);
    store_crc_init(&s->crc);
    return s;
}

err store_open(const struct env *env, const char *dir, struct store **out, struct store_state *state,
               char *why, size_t why_n)
{
    *out = NULL;
    if (why_n) why[0] = 0;
    if (state) memset(state, 0, sizeof *state);
    struct store *s = store_new(env, dir);
    if (!s) return say(ERR_MEM, why, why_n, "%s: out of memory", dir);
    err e = open_dir(s, why, why_n);
    if (e == OK) e = read_and_begin(s, state, why, why_n);
    if (e != OK) {
        store_close(s);
        return e;
    }
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (!s) return;
    const struct mem *mem = s->env.mem;
    if (s->fd >= 0) close(s->fd);
    if (s->lock_fd >= 0) close(s->lock_fd);
    if (s->dir_fd >= 0) close(s->dir_fd);
    buf_done(&s->batch);
    buf_done(&s->sh->queue);
    pthread_mutex_destroy(&s->sh->lock);
    pthread_mutex_destroy(&s->sh->writing);
    mem_free(mem, s->sh);
    mem_free(mem, s->dir);
    mem_free(mem, s);
}

void store_rotate_at(struct store *s, uint64_t octets)
{
    s->rotate_at = octets;
}

/* ---- writing ---- */

err store_add(struct store *s, const struct store_record *r, uint64_t *number)
{
    struct shared *sh = s->sh;
    err e = OK;
    if (r->body.n > s->env.limits.content) return ERR_LIMIT;
    pthread_mutex_lock(&sh->lock);
    if (sh->broken)
        e = ERR_SYS;
    else if (sh->next >= STORE_NUMBER_MAX)
        e = ERR_LIMIT;
    if (e == OK) e = store_record_write(&s->crc, r, sh->next, &sh->queue);
    if (e == OK) *number = sh->next++;
    pthread_mutex_unlock(&sh->lock);
    return e;
}

bool store_pending(const struct store *s)
{
    pthread_mutex_lock(&s->sh->lock);
    bool some = s->sh->queue.n != 0 && !s->sh->broken;
    pthread_mutex_unlock(&s->sh->lock);
    return some;
}

/* The batch on disk, or ERR_SYS with errno. */
static err write_batch(struct store *s)
{
    slice all = buf_slice(&s->batch);
    if (all.n == 0) return OK;
    if (s->size && s->size + all.n > s->rotate_at) TRY(begin_file(s, s->file + 1));
    TRY(fd_write_all(s->fd, all));
    s->size += all.n;
    struct stat st;
    if (fsync(s->fd) != 0 || fstat(s->fd, &st) != 0) return ERR_SYS;
    if (st.st_nlink > 0) return OK;
    errno = ENOENT; /* somebody removed it: nobody will ever read what was written */
    return ERR_SYS;
}

err store_sync(struct store *s, uint64_t *durable, char *why, size_t why_n)
{
    struct shared *sh = s->sh;
    if (why_n) why[0] = 0;
    pthread_mutex_lock(&sh->writing);
    pthread_mutex_lock(&sh->lock);
    bool broken = sh->broken;
    uint64_t upto = sh->next - 1;
    if (!broken) {
        struct buf t = s->batch;
        s->batch = sh->queue;
        sh->queue = t;
    }
    pthread_mutex_unlock(&sh->lock);

    err e = broken ? ERR_SYS : write_batch(s);
    int was = errno;
    pthread_mutex_lock(&sh->lock);
    if (e == OK) {
        sh->durable = upto;
        if (s->batch.cap > KEPT_MAX) buf_shrink(&s->batch);
        else buf_clear(&s->batch);
    } else if (!broken) {
        /* After a failed write or sync nobody knows what is on disk, and a second sync may say OK for octets
         * that were dropped: only reading the folder anew tells. */
        sh->broken = true;
        snprintf(sh->why, sizeof sh->why, "%.160s/alerts-%06llu.log: %.60s; no more alerts are taken", s->dir,
                 (unsigned long long)s->file, strerror(was));
    }
    *durable = sh->durable;
    if (e != OK) e = say(ERR_SYS, why, why_n, "%s", sh->why);
    pthread_mutex_unlock(&sh->lock);
    pthread_mutex_unlock(&sh->writing);
    return e;
}

/* ---- reading ---- */

err store_each(const struct env *env, const char *dir, bool (*each)(void *ctx, const struct store_record *r),
               void *ctx, struct store_state *state, char *why, size_t why_n)
{
    struct file_list l = {.mem = env->mem};
    struct store_scan scan;
    char name[NAME_N] = "";
    uint64_t last_end = 0;
    if (why_n) why[0] = 0;
    if (state) memset(state, 0, sizeof *state);
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) return say(ERR_SYS, why, why_n, "%s: %s", dir, strerror(errno));
    store_scan_init(&scan, env->mem);
    scan.each = each;
    scan.ctx = ctx;
    err e = list_files(dir_fd, &l);
    if (e == OK) e = scan_all(dir_fd, &l, &scan, &last_end, name);
    if (e != OK) e = read_error(e, dir, name, why, why_n);
    if (state) *state = scan.state;
    store_scan_done(&scan);
    mem_free(env->mem, l.number);
    close(dir_fd);
    return e;
}
