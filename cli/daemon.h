// A hub or a node as `status` and `audit` see it: its admin socket while it runs, its store when it
// does not.
//
// A live store has one owner, the daemon: files are opened only where nothing answers. One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "cli/connection.h"
#include "cli/shared.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "node/config.h"

namespace chancery::cli {

// Exactly one of name (with Shared::exchange), hub, node and store is given, or none: then it is
// the context's, or the environment's.
struct DaemonOptions {
  std::string name{};     // "hub" or a member code, in the trial exchange.
  std::string hub{};      // hub.toml
  std::string node{};     // node.toml
  std::string store{};    // A store file, of a stopped daemon or a copy.
  std::string genesis{};  // With store: the exchange that it must be of.
  // Of the verb, for whoever named none.
  std::string flags = "--exchange DIR and its name, --hub FILE, --node FILE, or --context NAME";
};

// Where the options point to.
struct DaemonTarget {
  std::string name;   // For people: "hub", "AM", or the file.
  std::string admin;  // Path of the admin socket; empty for a bare store.
  std::string store;
  Hash genesis{};
  bool is_hub = false;
  std::string member{};  // Of a node that its configuration names.
};

// The configuration of a daemon that was named, by its file or by its place in a trial exchange.
struct DaemonFile {
  std::string path;
  bool is_hub = false;
  std::string exchange{};  // Where the path follows from these two.
  std::string name{};
};

// kUsage where nothing names one. Not for DaemonOptions::store.
[[nodiscard]] Result<DaemonFile> find_daemon_file(const DaemonOptions& options,
                                                  const Shared& shared,
                                                  const Environment& environment);
// kFileMissing, or kNotFound for a member that the exchange does not have, says what was expected.
[[nodiscard]] Result<node::Config> read_node(const DaemonFile& file);

[[nodiscard]] Result<DaemonTarget> find_daemon(const DaemonOptions& options, const Shared& shared);

inline constexpr std::size_t kStatusDepthMax = 16;  // Of the JSON that ask_status() gives.

// The status of a running daemon, as its own JSON. kNoDaemon where it does not run.
[[nodiscard]] Result<std::string> ask_status(const DaemonTarget& target);

// Has a running daemon copy its store to an absolute path of its machine, and waits for the end;
// `progress` is called with bytes done and of how many.
[[nodiscard]] Result<v1::BackupReply> ask_backup(
    const DaemonTarget& target, const std::string& path,
    const std::function<void(std::string_view doing, std::uint64_t bytes, std::uint64_t of)>&
        progress);

// Has the daemon with this admin socket read its configuration again. kNoDaemon where it does not
// run; what it cannot use in the file is its error.
[[nodiscard]] Result<v1::ReloadReply> ask_reload(const std::string& admin);

// Has a running hub sequence and answer what it was sent, and end. kNoDaemon where it does not run.
[[nodiscard]] Result<v1::DrainReply> ask_drain(const DaemonTarget& target);

// What N begins with, as bytes: kUsage unless it is 8 to 64 hexadecimal digits, an even number.
[[nodiscard]] Result<std::string> notice_prefix(std::string_view digits);

// An evidence file, and of which exchange.
struct Proof {
  std::string file;
  Hash genesis{};
  bool from_daemon = false;  // It runs, and may have more of it later.
};

// The node's, where it runs, else made from its store.
[[nodiscard]] Result<Proof> ask_proof(const DaemonTarget& target, v1::ProveRequest request);

// Where consultations stand: the node's word, where it runs, else read from its store.
[[nodiscard]] Result<v1::ConsultationReply> ask_consultations(
    const DaemonTarget& target, const v1::ConsultationRequest& request);

// The thread of a notice: the node's word, where it runs, else read from its store.
[[nodiscard]] Result<v1::ThreadReply> ask_thread(const DaemonTarget& target,
                                                 const v1::ThreadRequest& request);

// Notices by what they are and by their words: the same.
[[nodiscard]] Result<v1::FindReply> ask_find(const DaemonTarget& target,
                                             const v1::FindRequest& request);

// What should have come to a running node by now. kNoDaemon where it does not run.
[[nodiscard]] Result<v1::OverdueReply> ask_overdue(const DaemonTarget& target,
                                                   const v1::OverdueRequest& request);

// Has a running hub log an entry of the directory, or a running node hand it in; gives the index.
// What is wrong with it, by the hub, is the error.
[[nodiscard]] Result<std::uint64_t> ask_entry(const DaemonTarget& target,
                                              const std::string& envelope);

// A page that was looked at may come back as `used`, so that its memory serves again.
using AuditPages =
    std::function<Result<v1::AuditPageReply>(std::uint64_t from_index, v1::AuditPageReply&& used)>;

struct OwnFault {
  std::string part;  // "alarm", or of which part a record is.
  std::optional<std::uint64_t> index{};
  std::string code;
  std::string detail;
};

struct AuditSource {
  std::string from;      // "running daemon" or "store".
  Hash genesis{};        // The store's own word where the target names none.
  std::string member{};  // Whose node it is, by the same word; empty for a hub.
  AuditPages pages;
  AuditPages leaves;  // The same without entries; the last has the checkpoint at quorum.
  std::function<Result<void>()> check;  // Of a store, beyond its entries; null for a daemon.
  // What a store or a daemon says of itself: alarms, records that fail their hash.
  std::function<Result<std::vector<OwnFault>>()> faults{};
};

// The daemon's pages where it runs, else those of its store.
[[nodiscard]] Result<AuditSource> open_audit(const DaemonTarget& target);

}  // namespace chancery::cli
