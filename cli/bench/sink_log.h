// What the members of a sink have in common: the log, of which each batch is verified once, and
// what another member is shown at that place must be the same bytes; and what they read of a
// notice.
//
// So five hundred members cost no five hundred folds of one directory; a hub that shows one of them
// another log is found all the same. One thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "cli/bench/received.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/log_follower.h"
#include "core/ledger/leaf.h"

namespace chancery::cli::bench {

class SinkLog {
 public:
  struct Batch {
    Hash fingerprint{};
    std::uint64_t size = 0;  // Of the log with it.
    Hash root{};
    std::string checkpoint;
  };

  explicit SinkLog(const Hash& genesis) : follower_(genesis) {}

  // What LogFollower fails with; kForeignLog where another member was shown another batch there.
  [[nodiscard]] Result<Batch> take(const v1::LogBatch& batch);

  [[nodiscard]] const ledger::Leaf& leaf(std::uint64_t index) const { return leaves_.at(index); }
  // Nothing where no batch ended there.
  [[nodiscard]] std::optional<Hash> root_at(std::uint64_t size) const;
  [[nodiscard]] const exchange::Directory& directory() const { return follower_.directory(); }
  [[nodiscard]] exchange::RootCache& cache() { return cache_; }

  // Of a notice that was judged good: N names its draft, and that its text. kMalformed. Good until
  // the next call.
  [[nodiscard]] Result<const Received*> read(const exchange::Envelope& envelope,
                                             const std::string& text);

 private:
  struct OfHash {
    std::size_t operator()(const Hash& hash) const {
      return u64_from_be(std::span(hash).first<8>());
    }
  };

  exchange::LogFollower follower_;
  exchange::RootCache cache_;
  std::vector<ledger::Leaf> leaves_;
  std::map<std::uint64_t, Batch> batches_;              // By their first index.
  std::map<std::uint64_t, Hash> roots_;                 // By size.
  std::unordered_map<Hash, Received, OfHash> notices_;  // By N: those that were read last.
};

}  // namespace chancery::cli::bench
