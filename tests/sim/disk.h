// A machine's disk, as SQLite sees it: a VFS in memory that forgets what was not synced.
//
// Each file is what its reader sees (the page cache) and what would be there after a power cut (the
// platter). A write reaches the platter with the next sync; at a power cut each 512-byte sector of
// what was not synced is there or not, by chance. Names of files are durable in their order, as a
// journaling file system keeps them: with any later sync. A dead disk answers every call with an
// I/O error and changes nothing, so that a program can be dropped as if it had been killed at that
// point.
//
// Simulated on purpose: lost, torn and reordered unsynced writes; deletions and files that a power
// cut undoes; a full disk, which its owner may measure or find out; a sync that fails; death before
// the n-th change. Not simulated: bytes
// that rot, which the campaigns on real files do (tests/faults).
//
// SQLite finds the disk of a path by its first folder ("/AM/store.db" is on disk "AM"); disks
// register themselves for as long as they live. One thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/sqlite/database.h"
#include "tests/sim/random.h"

namespace chancery::sim {

class Disk {
 public:
  Disk(std::string name, Random random);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  Disk(Disk&&) = delete;
  Disk& operator=(Disk&&) = delete;
  ~Disk();

  // Before SQLite is used: it locks nothing and counts no memory, since there is one thread.
  static void have_one_thread();
  // SQLite's own randomness starts over, so that each simulation of a process is as the first.
  static void start_over();
  // Checkpoints often, so that a short simulation has many.
  [[nodiscard]] static sqlite::Medium medium();
  [[nodiscard]] std::string path(std::string_view file) const {
    return "/" + name_ + "/" + std::string(file);
  }

  // All files of another disk whose program has ended, where there is none.
  void copy_from(const Disk& other);
  [[nodiscard]] bool is_empty() const { return files_.empty(); }

  // Faults.
  void die() { dead_ = true; }
  // Dies at the n-th change (write, truncation, sync, deletion) from now on; a write is torn then.
  void die_at_change(std::uint64_t count) { changes_left_ = count; }
  void set_full(bool full) { full_ = full; }
  // Whether a full disk says so before a write, as one does not where a quota is what is used up.
  void set_candid(bool candid) { candid_ = candid; }
  void fail_next_sync() { fail_sync(1); }
  void fail_sync(std::uint64_t nth) { syncs_left_ = nth; }  // The n-th from now on.
  [[nodiscard]] bool waits_to_fail_a_sync() const { return syncs_left_ > 0; }
  // None of these waits to happen any more.
  void heal() {
    full_ = false;
    syncs_left_ = 0;
    changes_left_.reset();
  }
  [[nodiscard]] bool is_dead() const { return dead_; }
  [[nodiscard]] std::uint64_t free_bytes() const { return full_ && candid_ ? 0 : kRoomBytes; }

  // After the program was dropped: the disk answers again. What was written is there …
  void revive();
  // … or, after a power cut, what was synced, and of the rest what chance left.
  void lose_power();

 private:
  friend struct DiskCalls;

  struct Change {  // Not synced yet.
    std::uint64_t offset = 0;
    std::string bytes;                    // Written there …
    std::optional<std::uint64_t> size{};  // … or the file was cut or filled to this size …
    bool made = false;                    // … or it is another file than the one on the platter.
  };
  struct File {
    std::string cache;
    std::string platter;
    std::vector<Change> unsynced;
    bool exists = true;             // To the program.
    bool exists_after_cut = false;  // On the platter.
    bool sync_failed = false;
  };

  static constexpr std::uint64_t kRoomBytes = 1ULL << 40U;

  // Counts a change; false where the disk is dead, or dies with it.
  bool change();
  int write(File& file, std::uint64_t offset, std::string_view bytes);
  int truncate(File& file, std::uint64_t size);
  int sync(File& file);
  static void settle_name(File& file);
  void lose_power(File& file);

  std::string name_;
  Random random_;
  std::map<std::string, File> files_;
  bool dead_ = false;
  bool full_ = false;
  bool candid_ = true;
  std::uint64_t syncs_left_ = 0;  // Until one fails; 0 where none will.
  std::optional<std::uint64_t> changes_left_;
};

}  // namespace chancery::sim
