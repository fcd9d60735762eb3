#include "tests/sim/disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace chancery::sim {
namespace {

constexpr char kVfsName[] = "chancery-sim";
constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint32_t kCheckpointPages = 64;

std::map<std::string, Disk*>& disks() {
  static std::map<std::string, Disk*> all;
  return all;
}

void apply(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (offset == content.size()) {
    content.append(bytes);
    return;
  }
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

// The C functions that SQLite calls.
struct DiskCalls {
  struct Open {
    sqlite3_file base;
    Disk* disk;
    Disk::File* file;
  };

  static Open& open_of(sqlite3_file* file) { return *reinterpret_cast<Open*>(file); }

  // "/AM/store.db": disk AM.
  static Disk* disk_of(std::string_view path) {
    const std::size_t end = path.find('/', 1);
    const auto found = disks().find(std::string(path.substr(1, end - 1)));
    return found == disks().end() ? nullptr : found->second;
  }

  static int close(sqlite3_file*) { return SQLITE_OK; }

  static int read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
    const Open& open = open_of(file);
    if (open.disk->dead_) {
      return SQLITE_IOERR_READ;
    }
    const std::string& cache = open.file->cache;
    const auto from = static_cast<std::size_t>(offset);
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t there = from < cache.size() ? std::min(wanted, cache.size() - from) : 0;
    if (there > 0) {
      std::memcpy(out, cache.data() + from, there);
    }
    if (there < wanted) {
      std::memset(static_cast<char*>(out) + there, 0, wanted - there);
      return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
  }

  static int write(sqlite3_file* file, const void* data, int count, sqlite3_int64 offset) {
    const Open& open = open_of(file);
    return open.disk->write(*open.file, static_cast<std::uint64_t>(offset),
                            {static_cast<const char*>(data), static_cast<std::size_t>(count)});
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const Open& open = open_of(file);
    return open.disk->truncate(*open.file, static_cast<std::uint64_t>(size));
  }

  static int sync(sqlite3_file* file, int) {
    const Open& open = open_of(file);
    return open.disk->sync(*open.file);
  }

  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const Open& open = open_of(file);
    *size = static_cast<sqlite3_int64>(open.file->cache.size());
    return open.disk->dead_ ? SQLITE_IOERR_FSTAT : SQLITE_OK;
  }

  // One process, one connection: who opens is the owner.
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_reserved_lock(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
  }
  static int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  // As the system's VFS of Debian says of every disk.
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods made{};
      made.iVersion = 1;
      made.xClose = close;
      made.xRead = read;
      made.xWrite = write;
      made.xTruncate = truncate;
      made.xSync = sync;
      made.xFileSize = file_size;
      made.xLock = lock;
      made.xUnlock = lock;
      made.xCheckReservedLock = check_reserved_lock;
      made.xFileControl = file_control;
      made.xSectorSize = sector_size;
      made.xDeviceCharacteristics = characteristics;
      return made;
    }();
    return &all;
  }

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    // Temporary files are in memory by our own setting.
    Disk* const disk = path == nullptr ? nullptr : disk_of(path);
    if (disk == nullptr || disk->dead_) {
      return SQLITE_CANTOPEN;
    }
    const auto found = disk->files_.find(path);
    const bool there = found != disk->files_.end() && found->second.exists;
    if (!there && (flags & SQLITE_OPEN_CREATE) == 0) {
      return SQLITE_CANTOPEN;
    }
    if (!there && !disk->change()) {
      return SQLITE_CANTOPEN;
    }
    Disk::File& of = disk->files_[path];
    if (!there) {
      of.cache.clear();
      of.unsynced = {{.offset = 0, .bytes = {}, .size = 0, .made = true}};
      of.exists = true;
    }
    Open* const made = new (file) Open{.base = {}, .disk = disk, .file = &of};
    made->base.pMethods = methods();
    if (out_flags != nullptr) {
      *out_flags = flags;
    }
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs*, const char* path, int sync_folder) {
    Disk* const disk = disk_of(path);
    if (disk == nullptr || !disk->change()) {
      return SQLITE_IOERR_DELETE;
    }
    const auto found = disk->files_.find(path);
    if (found == disk->files_.end() || !found->second.exists) {
      return SQLITE_IOERR_DELETE_NOENT;
    }
    found->second.exists = false;
    if (sync_folder != 0) {
      found->second.exists_after_cut = false;
    }
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs*, const char* path, int, int* result) {
    const Disk* const disk = disk_of(path);
    *result = 0;
    if (disk != nullptr && !disk->dead_) {
      const auto found = disk->files_.find(path);
      *result = found != disk->files_.end() && found->second.exists ? 1 : 0;
    }
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* path, int count, char* out) {
    sqlite3_snprintf(count, out, "%s", path);
    return SQLITE_OK;
  }

  // SQLite salts its WAL with it: the same in every run.
  // SQLite seeds its own generator with it.
  static int randomness(sqlite3_vfs*, int count, char* out) {
    std::memset(out, 7, static_cast<std::size_t>(count));
    return count;
  }
  static int sleep(sqlite3_vfs*, int) { return 0; }
  static int current_time(sqlite3_vfs*, double* now) {
    *now = 2460000.5;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  enum class Use : std::uint8_t { kNamed, kDefault };  // The default VFS also seeds SQLite.
  static void register_vfs(Use use) {
    static sqlite3_vfs vfs = [] {
      sqlite3_vfs made{};
      made.iVersion = 1;
      made.szOsFile = sizeof(Open);
      made.mxPathname = 256;
      made.zName = kVfsName;
      made.xOpen = open;
      made.xDelete = remove;
      made.xAccess = access;
      made.xFullPathname = full_path;
      made.xRandomness = randomness;
      made.xSleep = sleep;
      made.xCurrentTime = current_time;
      made.xGetLastError = last_error;
      return made;
    }();
    const bool is_default = sqlite3_vfs_find(nullptr) == &vfs;
    const int registered = sqlite3_vfs_register(&vfs, is_default || use == Use::kDefault ? 1 : 0);
    CHANCERY_CHECK(registered == SQLITE_OK);
  }
};

Disk::Disk(std::string name, Random random) : name_(std::move(name)), random_(random) {
  DiskCalls::register_vfs(DiskCalls::Use::kNamed);
  CHANCERY_CHECK(disks().emplace(name_, this).second);
}

Disk::~Disk() {
  disks().erase(name_);
}

void Disk::copy_from(const Disk& other) {
  CHANCERY_CHECK(files_.empty());
  for (const auto& [path, file] : other.files_) {
    files_[this->path(path.substr(other.path("").size()))] = file;
  }
}

void Disk::have_one_thread() {
  static_cast<void>(disks());  // Made first, it outlives every disk.
  const int configured =
      sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) | sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  CHANCERY_CHECK(configured == SQLITE_OK);
}

void Disk::start_over() {
  DiskCalls::register_vfs(DiskCalls::Use::kDefault);
  sqlite3_randomness(0, nullptr);
}

sqlite::Medium Disk::medium() {
  return {.vfs = kVfsName, .wal_checkpoint_pages = kCheckpointPages};
}

bool Disk::change() {
  if (dead_) {
    return false;
  }
  if (changes_left_.has_value()) {
    if (*changes_left_ <= 1) {
      changes_left_.reset();
      dead_ = true;
      return false;
    }
    --*changes_left_;
  }
  return true;
}

int Disk::write(File& file, std::uint64_t offset, std::string_view bytes) {
  const bool was_dead = dead_;
  if (!change()) {
    if (!was_dead && !bytes.empty()) {
      // It dies in the middle of this write.
      const std::string_view part = bytes.substr(0, random_.below(bytes.size()));
      apply(file.cache, offset, part);
      file.unsynced.push_back({.offset = offset, .bytes = std::string(part)});
    }
    return SQLITE_IOERR_WRITE;
  }
  if (full_ && offset + bytes.size() > file.cache.size()) {
    return SQLITE_FULL;
  }
  apply(file.cache, offset, bytes);
  file.unsynced.push_back({.offset = offset, .bytes = std::string(bytes)});
  return SQLITE_OK;
}

int Disk::truncate(File& file, std::uint64_t size) {
  if (!change()) {
    return SQLITE_IOERR_TRUNCATE;
  }
  file.cache.resize(size, '\0');
  file.unsynced.push_back({.offset = 0, .bytes = {}, .size = size});
  return SQLITE_OK;
}

int Disk::sync(File& file) {
  if (!change()) {
    return SQLITE_IOERR_FSYNC;
  }
  const std::uint64_t left = std::exchange(syncs_left_, syncs_left_ > 0 ? syncs_left_ - 1 : 0);
  if (left == 1) {
    file.sync_failed = true;
    return SQLITE_IOERR_FSYNC;
  }
  for (auto& [path, other] : files_) {
    settle_name(other);
  }
  for (const Change& each : file.unsynced) {
    if (each.size.has_value()) {
      file.platter.resize(*each.size, '\0');
    } else {
      apply(file.platter, each.offset, each.bytes);
    }
  }
  file.unsynced.clear();
  return SQLITE_OK;
}

// A journaling file system makes names durable in their order: with any later sync.
void Disk::settle_name(File& file) {
  file.exists_after_cut = file.exists;
  if (std::erase_if(file.unsynced, [](const Change& each) { return each.made; }) > 0) {
    file.platter.clear();
  }
}

void Disk::revive() {
  dead_ = false;
  syncs_left_ = 0;
  changes_left_.reset();
  for (auto& [path, file] : files_) {
    // After a failed sync a kernel may keep its pages, or count them as clean and read the old
    // ones again.
    if (std::exchange(file.sync_failed, false) && random_.chance(500'000)) {
      std::erase_if(file.unsynced, [](const Change& each) { return !each.made; });
      file.cache = file.unsynced.empty() ? file.platter : std::string();
    }
  }
}

void Disk::lose_power(File& file) {
  if (file.unsynced.empty() && file.exists == file.exists_after_cut) {
    return;  // All of it is on the platter.
  }
  // A file that was made and whose folder was not synced is there or not.
  const bool made = std::ranges::any_of(file.unsynced, &Change::made);
  if (made && random_.chance(500'000)) {
    file.unsynced.clear();
    file.exists = file.exists_after_cut;
  } else if (made) {
    file.platter.clear();
    file.exists_after_cut = true;
  } else if (file.exists != file.exists_after_cut) {
    file.exists = random_.chance(500'000);
    file.exists_after_cut = file.exists;
  }
  for (const Change& each : file.unsynced) {
    if (each.size.has_value()) {
      if (random_.chance(500'000)) {
        file.platter.resize(*each.size, '\0');
      }
      continue;
    }
    std::uint64_t at = each.offset;
    std::string_view rest = each.bytes;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, kSectorBytes - at % kSectorBytes);
      if (random_.chance(500'000)) {
        apply(file.platter, at, part);
      }
      at += part.size();
      rest.remove_prefix(part.size());
    }
  }
  file.unsynced.clear();
  file.cache = file.platter;
}

void Disk::lose_power() {
  revive();
  for (auto& [path, file] : files_) {
    lose_power(file);
  }
}

}  // namespace chancery::sim
