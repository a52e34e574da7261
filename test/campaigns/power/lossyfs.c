/*
 * A file system in memory that can lose power. It keeps two images: the current one, and the durable
 * one that fsync has reached. `cut` replaces the current image by the durable one.
 *
 * Rules of the durable image, which ext4, XFS and Btrfs keep and which are weaker than theirs:
 * - fsync or fdatasync of a file, or a write to a file that was opened with O_SYNC or O_DSYNC: its content, its size, and its name if it is new.
 * - fsync of a directory: all changes of its names, and its own name if it is new.
 * - With a new name, the names of new directories above it.
 * - A rename is atomic, and names change in the order of the calls.
 *
 * A torn cut also keeps a part of the changes that were not synced: random sectors of each file, and
 * the first few changes of names. A disk may write these at any time.
 *
 * Commands on stdin, one per line, each answered by one line on stdout:
 *   cut SEED PERCENT          loses power; keeps PERCENT of what was not synced
 *   fail CALL ERRNO PREFIX    CALL (write, fsync) fails with ERRNO (EIO, ENOSPC) below PREFIX
 *   heal                      ends all failures; answers with the number of calls that failed
 *   lie                       from now on, fsync reports success and does nothing
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512
/* How long the kernel may remember a name. A cut takes so long that all are forgotten. */
#define NAMES_KEPT_MS 200

struct buffer { char *data; size_t size, room; };
struct range { off_t from; size_t length; };
struct node;
struct entry { char *name; struct node *node; };
struct names { struct entry *list; size_t count, room; };

struct node {
  ino_t number;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  dev_t device;
  struct timespec changed, modified, accessed;
  char *target;                       /* of a symbolic link */
  char *path;                         /* by which it was opened last */
  struct buffer current, durable;     /* of a file */
  struct range *unsynced;             /* written since the last fsync */
  size_t ranges, range_room;
  bool resized;
  struct names names, durable_names;  /* of a directory */
  int references;                     /* names in both images, changes of names, open handles */
};

enum kind { LINK, UNLINK, RENAME };
struct change { enum kind kind; struct node *from, *to, *node; char *old_name, *name; };
struct failure { bool write; int error; char prefix[256]; };

static struct node *root;
static ino_t last_number;
static struct change *changes;
static size_t change_count, change_room;
static struct failure failures[16];
static size_t failure_count, failed_calls;
static bool lying;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long random_state;

static void *grown(void *list, size_t count, size_t *room, size_t size) {
  if (count < *room) return list;
  *room = *room ? *room * 2 : 8;
  list = realloc(list, *room * size);
  if (!list) abort();
  return list;
}

static bool chance(unsigned percent) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (random_state >> 11) % 100 < percent;
}

/* Nodes and names */

static struct node *new_node(mode_t mode) {
  struct node *node = calloc(1, sizeof *node);
  struct fuse_context *context = fuse_get_context();
  if (!node) abort();
  node->number = ++last_number;
  node->mode = mode;
  node->uid = context ? context->uid : getuid();
  node->gid = context ? context->gid : getgid();
  clock_gettime(CLOCK_REALTIME, &node->changed);
  node->modified = node->accessed = node->changed;
  return node;
}

static void release(struct node *node) {
  if (!node || --node->references > 0) return;
  free(node->target);
  free(node->path);
  free(node->current.data);
  free(node->durable.data);
  free(node->unsynced);
  free(node->names.list);
  free(node->durable_names.list);
  free(node);
}

static struct entry *find(struct names *names, const char *name) {
  for (size_t i = 0; i < names->count; i++)
    if (!strcmp(names->list[i].name, name)) return &names->list[i];
  return NULL;
}

static void remove_name(struct names *names, const char *name) {
  struct entry *entry = find(names, name);
  if (!entry) return;
  struct node *node = entry->node;
  free(entry->name);
  *entry = names->list[--names->count];
  release(node);
}

static void set_name(struct names *names, const char *name, struct node *node) {
  node->references++;
  remove_name(names, name);
  names->list = grown(names->list, names->count, &names->room, sizeof *names->list);
  names->list[names->count++] = (struct entry){strdup(name), node};
}

/* Finds the node of a path, and with `parent` the directory of a path whose last part may be missing. */
static struct node *lookup(const char *path, struct node **parent, const char **last) {
  struct node *node = root;
  char copy[4096], *rest = copy, *part;
  snprintf(copy, sizeof copy, "%s", path);
  if (parent) *parent = NULL;
  while ((part = strsep(&rest, "/"))) {
    if (!*part) continue;
    if (!node || !S_ISDIR(node->mode)) return NULL;
    if (parent) *parent = node;
    if (last) *last = strrchr(path, '/') + 1;
    struct entry *entry = find(&node->names, part);
    node = entry ? entry->node : NULL;
    if (!node && rest && *rest && parent) *parent = NULL;
  }
  return node;
}

/* The changes of names that are not durable yet, in the order of the calls */

static void record(enum kind kind, struct node *from, const char *old_name, struct node *to, const char *name, struct node *node) {
  changes = grown(changes, change_count, &change_room, sizeof *changes);
  changes[change_count++] = (struct change){kind, from, to, node, old_name ? strdup(old_name) : NULL, strdup(name)};
  if (from) from->references++;
  to->references++;
  node->references++;
}

static void apply(struct change *change) {
  if (change->kind == LINK) set_name(&change->to->durable_names, change->name, change->node);
  if (change->kind == UNLINK) remove_name(&change->to->durable_names, change->name);
  if (change->kind == RENAME) {
    struct entry *old = find(&change->from->durable_names, change->old_name);
    if (old && old->node == change->node) remove_name(&change->from->durable_names, change->old_name);
    set_name(&change->to->durable_names, change->name, change->node);
  }
}

static void forget(struct change *change) {
  free(change->name);
  free(change->old_name);
  release(change->from);
  release(change->to);
  release(change->node);
}

/* Makes the name of a new node durable, and the names of new directories above it. */
static void sync_link(struct node *node) {
  for (size_t i = 0; i < change_count; i++) {
    struct change change = changes[i];
    if (change.kind != LINK || change.node != node) continue;
    memmove(&changes[i], &changes[i + 1], (--change_count - i) * sizeof *changes);
    apply(&change);
    sync_link(change.to);
    forget(&change);
    return;
  }
}

/* Makes the changes of one directory durable. */
static void sync_names(struct node *directory) {
  size_t kept = 0;
  for (size_t i = 0; i < change_count; i++) {
    struct change change = changes[i];
    if (change.to == directory || change.from == directory) {
      apply(&change);
      forget(&change);
    } else changes[kept++] = change;
  }
  change_count = kept;
}

/* Content */

static void resize(struct buffer *buffer, size_t size) {
  if (size > buffer->room) {
    buffer->room = size + size / 2 + 4096;
    buffer->data = realloc(buffer->data, buffer->room);
    if (!buffer->data) abort();
  }
  if (size > buffer->size) memset(buffer->data + buffer->size, 0, size - buffer->size);
  buffer->size = size;
}

static void note_range(struct node *node, off_t from, size_t length) {
  struct range *last = node->ranges ? &node->unsynced[node->ranges - 1] : NULL;
  if (last && last->from + (off_t)last->length == from) {
    last->length += length;
    return;
  }
  node->unsynced = grown(node->unsynced, node->ranges, &node->range_room, sizeof *node->unsynced);
  node->unsynced[node->ranges++] = (struct range){from, length};
}

/* Copies a range of the current content to the durable one. */
static void keep(struct node *node, off_t from, size_t length) {
  if ((size_t)from >= node->current.size) return;
  if (from + length > node->current.size) length = node->current.size - from;
  if (from + length > node->durable.size) resize(&node->durable, from + length);
  memcpy(node->durable.data + from, node->current.data + from, length);
}

static void sync_content(struct node *node) {
  if (node->resized) resize(&node->durable, node->current.size);
  for (size_t i = 0; i < node->ranges; i++) keep(node, node->unsynced[i].from, node->unsynced[i].length);
  node->ranges = 0;
  node->resized = false;
}

/* Loss of power */

static void cut_file(struct node *node, unsigned percent) {
  if (node->resized && chance(percent)) resize(&node->durable, node->current.size);
  for (size_t i = 0; i < node->ranges; i++) {
    off_t end = node->unsynced[i].from + node->unsynced[i].length;
    for (off_t at = node->unsynced[i].from; at < end;) {
      off_t next = (at / SECTOR + 1) * SECTOR;
      if (next > end) next = end;
      if (chance(percent)) keep(node, at, next - at);
      at = next;
    }
  }
  node->ranges = 0;
  node->resized = false;
  resize(&node->current, 0);
  resize(&node->current, node->durable.size);
  if (node->durable.size) memcpy(node->current.data, node->durable.data, node->durable.size);
}

static void cut_tree(struct node *node, unsigned percent) {
  if (S_ISREG(node->mode)) cut_file(node, percent);
  if (!S_ISDIR(node->mode)) return;
  while (node->names.count) remove_name(&node->names, node->names.list[0].name);
  for (size_t i = 0; i < node->durable_names.count; i++) {
    struct entry *entry = &node->durable_names.list[i];
    set_name(&node->names, entry->name, entry->node);
    cut_tree(entry->node, percent);
  }
}

static void cut(unsigned percent) {
  size_t kept = 0;
  if (percent)
    while (kept < change_count && chance(90)) apply(&changes[kept++]);
  for (size_t i = 0; i < change_count; i++) forget(&changes[i]);
  change_count = 0;
  cut_tree(root, percent);
}

static int failing(bool write, const char *path) {
  for (size_t i = 0; i < failure_count; i++)
    if (failures[i].write == write && path && !strncmp(path, failures[i].prefix, strlen(failures[i].prefix))) {
      failed_calls++;
      return failures[i].error;
    }
  return 0;
}

static void *obey(void *argument) {
  char line[512], call[16], error[16], prefix[256];
  unsigned long long seed;
  unsigned percent;
  (void)argument;
  while (fgets(line, sizeof line, stdin)) {
    pthread_mutex_lock(&lock);
    if (sscanf(line, "cut %llu %u", &seed, &percent) == 2) {
      random_state = seed * 2654435769u + 88172645463325252ull;
      cut(percent);
      usleep(2 * NAMES_KEPT_MS * 1000);
    } else if (sscanf(line, "fail %15s %15s %255s", call, error, prefix) == 3 && failure_count < 16) {
      struct failure failure = {!strcmp(call, "write"), !strcmp(error, "EIO") ? EIO : ENOSPC, ""};
      snprintf(failure.prefix, sizeof failure.prefix, "%s", prefix);
      failures[failure_count++] = failure;
    } else if (!strncmp(line, "heal", 4)) {
      printf("%zu ", failed_calls);
      failure_count = failed_calls = 0;
    }
    else if (!strncmp(line, "lie", 3)) lying = true;
    else line[0] = '?';
    puts(line[0] == '?' ? "unknown" : "ok");
    fflush(stdout);
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

/* Calls of the kernel. All run under the lock. */

#define HANDLE(info) ((struct node *)(uintptr_t)(info)->fh)
#define FIND(path, info) ((info) && (info)->fh ? HANDLE(info) : lookup(path, NULL, NULL))
#define RETURN(value) do { int result_ = (value); pthread_mutex_unlock(&lock); return result_; } while (0)
#define BEGIN pthread_mutex_lock(&lock)

static int fs_getattr(const char *path, struct stat *stat, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  memset(stat, 0, sizeof *stat);
  stat->st_ino = node->number;
  stat->st_mode = node->mode;
  stat->st_nlink = S_ISDIR(node->mode) ? 2 : 1;
  stat->st_uid = node->uid;
  stat->st_gid = node->gid;
  stat->st_rdev = node->device;
  stat->st_size = node->target ? strlen(node->target) : node->current.size;
  stat->st_blocks = (node->current.size + SECTOR - 1) / SECTOR;
  stat->st_ctim = node->changed;
  stat->st_mtim = node->modified;
  stat->st_atim = node->accessed;
  RETURN(0);
}

/* Creates a node at a path that is free. */
static int create(const char *path, mode_t mode, struct node **created) {
  struct node *parent;
  const char *name;
  if (lookup(path, &parent, &name)) return -EEXIST;
  if (!parent) return -ENOENT;
  int error = failing(true, path);
  if (error == ENOSPC) return -error;
  struct node *node = new_node(mode);
  set_name(&parent->names, name, node);
  record(LINK, NULL, NULL, parent, name, node);
  if (created) *created = node;
  return 0;
}

static int fs_mkdir(const char *path, mode_t mode) { BEGIN; RETURN(create(path, S_IFDIR | (mode & 07777), NULL)); }

static int fs_mknod(const char *path, mode_t mode, dev_t device) {
  BEGIN;
  struct node *node;
  int result = create(path, mode, &node);
  if (!result) node->device = device;
  RETURN(result);
}

static int fs_symlink(const char *target, const char *path) {
  BEGIN;
  struct node *node;
  int result = create(path, S_IFLNK | 0777, &node);
  if (!result) node->target = strdup(target);
  RETURN(result);
}

static int fs_link(const char *from, const char *path) {
  BEGIN;
  struct node *node = lookup(from, NULL, NULL), *parent;
  const char *name;
  if (!node) RETURN(-ENOENT);
  if (lookup(path, &parent, &name)) RETURN(-EEXIST);
  if (!parent) RETURN(-ENOENT);
  set_name(&parent->names, name, node);
  record(LINK, NULL, NULL, parent, name, node);
  RETURN(0);
}

static int fs_readlink(const char *path, char *target, size_t size) {
  BEGIN;
  struct node *node = lookup(path, NULL, NULL);
  if (!node || !node->target) RETURN(-ENOENT);
  snprintf(target, size, "%s", node->target);
  RETURN(0);
}

static int take_away(const char *path, bool directory) {
  struct node *parent, *node;
  const char *name;
  node = lookup(path, &parent, &name);
  if (!node || !parent) return -ENOENT;
  if (directory && node->names.count) return -ENOTEMPTY;
  record(UNLINK, NULL, NULL, parent, name, node);
  remove_name(&parent->names, name);
  return 0;
}

static int fs_unlink(const char *path) { BEGIN; RETURN(take_away(path, false)); }
static int fs_rmdir(const char *path) { BEGIN; RETURN(take_away(path, true)); }

static int fs_rename(const char *from, const char *path, unsigned flags) {
  BEGIN;
  struct node *parent, *target_parent, *node;
  const char *old_name, *name;
  node = lookup(from, &parent, &old_name);
  if (!node) RETURN(-ENOENT);
  struct node *replaced = lookup(path, &target_parent, &name);
  if (!target_parent) RETURN(-ENOENT);
  if (replaced && (flags & 1)) RETURN(-EEXIST); /* RENAME_NOREPLACE */
  if (replaced && S_ISDIR(replaced->mode) && replaced->names.count) RETURN(-ENOTEMPTY);
  record(RENAME, parent, old_name, target_parent, name, node);
  set_name(&target_parent->names, name, node);
  remove_name(&parent->names, old_name);
  RETURN(0);
}

static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  node->mode = (node->mode & S_IFMT) | (mode & 07777);
  RETURN(0);
}

static int fs_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  if (uid != (uid_t)-1) node->uid = uid;
  if (gid != (gid_t)-1) node->gid = gid;
  RETURN(0);
}

static int fs_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  node->accessed = times[0];
  node->modified = times[1];
  RETURN(0);
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  resize(&node->current, size);
  node->resized = true;
  RETURN(0);
}

static int open_node(struct node *node, const char *path, struct fuse_file_info *info) {
  node->references++;
  free(node->path);
  node->path = strdup(path);
  info->fh = (uintptr_t)node;
  info->direct_io = 1; /* The kernel must not remember what a cut takes away. */
  return 0;
}

static int fs_open(const char *path, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = lookup(path, NULL, NULL);
  if (!node) RETURN(-ENOENT);
  if (info->flags & O_TRUNC) {
    resize(&node->current, 0);
    node->resized = true;
  }
  RETURN(open_node(node, path, info));
}

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *info) {
  BEGIN;
  struct node *node;
  int result = create(path, S_IFREG | (mode & 07777), &node);
  RETURN(result ? result : open_node(node, path, info));
}

static int fs_release(const char *path, struct fuse_file_info *info) {
  (void)path;
  BEGIN;
  release(HANDLE(info));
  RETURN(0);
}

static int fs_read(const char *path, char *data, size_t size, off_t from, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  if ((size_t)from >= node->current.size) RETURN(0);
  if (from + size > node->current.size) size = node->current.size - from;
  memcpy(data, node->current.data + from, size);
  RETURN(size);
}

static int fs_write(const char *path, const char *data, size_t size, off_t from, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  int error = failing(true, node->path);
  if (error) RETURN(-error);
  if (info->flags & O_APPEND) from = node->current.size;
  if (from + size > node->current.size) {
    resize(&node->current, from + size);
    node->resized = true;
  }
  memcpy(node->current.data + from, data, size);
  note_range(node, from, size);
  clock_gettime(CLOCK_REALTIME, &node->modified);
  if (info->flags & O_DSYNC && !lying) { /* O_SYNC includes it. */
    sync_content(node);
    sync_link(node);
  }
  RETURN(size);
}

static int fs_fallocate(const char *path, int mode, off_t from, off_t length, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  int error = failing(true, node->path);
  if (error) RETURN(-error);
  if (mode) RETURN(-EOPNOTSUPP);
  if ((size_t)(from + length) > node->current.size) {
    resize(&node->current, from + length);
    node->resized = true;
  }
  RETURN(0);
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *info) {
  (void)data_only;
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  int error = failing(false, node->path);
  if (error) {
    node->ranges = 0; /* As Linux does: what could not be written counts as clean afterwards. */
    node->resized = false;
    RETURN(-error);
  }
  if (lying) RETURN(0);
  sync_content(node);
  sync_link(node);
  RETURN(0);
}

static int fs_fsyncdir(const char *path, int data_only, struct fuse_file_info *info) {
  (void)data_only;
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  int error = failing(false, path);
  if (error) RETURN(-error);
  if (lying) RETURN(0);
  sync_names(node);
  sync_link(node);
  RETURN(0);
}

static int fs_opendir(const char *path, struct fuse_file_info *info) {
  BEGIN;
  struct node *node = lookup(path, NULL, NULL);
  if (!node) RETURN(-ENOENT);
  node->references++;
  info->fh = (uintptr_t)node;
  RETURN(0);
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t from, struct fuse_file_info *info, enum fuse_readdir_flags flags) {
  (void)from, (void)flags;
  BEGIN;
  struct node *node = FIND(path, info);
  if (!node) RETURN(-ENOENT);
  fill(buffer, ".", NULL, 0, 0);
  fill(buffer, "..", NULL, 0, 0);
  for (size_t i = 0; i < node->names.count; i++) fill(buffer, node->names.list[i].name, NULL, 0, 0);
  RETURN(0);
}

static int fs_statfs(const char *path, struct statvfs *result) {
  (void)path;
  memset(result, 0, sizeof *result);
  result->f_bsize = result->f_frsize = 4096;
  result->f_blocks = result->f_bfree = result->f_bavail = 1 << 22;
  result->f_namemax = 255;
  return 0;
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->use_ino = 1;
  config->attr_timeout = config->negative_timeout = 0;
  config->entry_timeout = NAMES_KEPT_MS / 1000.0;
  config->hard_remove = 1;
  config->nullpath_ok = 1; /* Of a file that was unlinked while it is open. */
  pthread_t thread;
  if (pthread_create(&thread, NULL, obey, NULL)) abort();
  puts("ready");
  fflush(stdout);
  return NULL;
}

static const struct fuse_operations operations = {
  .init = fs_init, .getattr = fs_getattr, .mkdir = fs_mkdir, .mknod = fs_mknod, .symlink = fs_symlink, .link = fs_link,
  .readlink = fs_readlink, .unlink = fs_unlink, .rmdir = fs_rmdir, .rename = fs_rename, .chmod = fs_chmod, .chown = fs_chown,
  .utimens = fs_utimens, .truncate = fs_truncate, .open = fs_open, .create = fs_create, .release = fs_release, .read = fs_read,
  .write = fs_write, .fallocate = fs_fallocate, .fsync = fs_fsync, .fsyncdir = fs_fsyncdir, .opendir = fs_opendir,
  .releasedir = fs_release, .readdir = fs_readdir, .statfs = fs_statfs,
};

int main(int count, char **arguments) {
  root = new_node(S_IFDIR | 0755);
  root->references = 1;
  return fuse_main(count, arguments, &operations, NULL);
}
