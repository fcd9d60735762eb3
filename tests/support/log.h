// TestLog: the hub's log for tests, as an honest hub would keep it, and the means to lie with it.
//
// append() and append_entry() make the batches that followers get, folding directory entries as
// they go and signing each checkpoint. For a lying hub, alter a batch and sign again what it makes:
// resign() signs whatever the altered leaves hash to.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "chancery/v1/local.pb.h"
#include "core/exchange/directory.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "tests/support/exchange.h"

namespace chancery::test {

// A note over (origin line, size, root), signed by the log keys of these names.
[[nodiscard]] std::string signed_checkpoint(std::string_view origin_line, std::uint64_t size,
                                            const Hash& root, std::span<const std::string> keys);
// The leaves that a batch stands for.
[[nodiscard]] std::vector<ledger::Leaf> leaves_of(const v1::LogBatch& batch);
// Signs the batch's checkpoint over what its leaves make of the tree before it.
void resign(v1::LogBatch& batch, const ledger::CompactTree& before, std::string_view origin_line,
            std::span<const std::string> keys);

class TestLog {
 public:
  // Empty: the founding entries are appended by found().
  explicit TestLog(const TestExchange& exchange);

  // The founding entries, a batch each.
  void found();
  // Notices that parse and that nobody judges: a test may log what is void. `accepted_at_ms` 0 is
  // one millisecond after the batch before.
  const v1::LogBatch& append(std::span<const std::string> envelopes,
                             std::uint64_t accepted_at_ms = 0);
  // Bytes of which the parts are no header, body or signatures.
  const v1::LogBatch& append_bytes(const std::string& envelope);
  const v1::LogBatch& append_entry(std::string_view envelope);
  // Names of the log keys that sign from now on; "hub log 1" at first.
  void set_log_keys(std::vector<std::string> names) { log_keys_ = std::move(names); }

  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
  [[nodiscard]] const ledger::CompactTree& tree() const { return tree_; }
  [[nodiscard]] const exchange::Directory& directory() const { return directory_; }
  [[nodiscard]] const std::vector<v1::LogBatch>& batches() const { return batches_; }
  [[nodiscard]] const std::vector<std::string>& envelopes() const { return envelopes_; }
  [[nodiscard]] std::uint64_t accepted_at_ms() const { return accepted_at_ms_; }

  // The whole log as a store that holds every envelope shows it to an auditor.
  [[nodiscard]] std::vector<v1::AuditBatch> audit_batches() const;

 private:
  const v1::LogBatch& commit(v1::LogBatch batch);

  const TestExchange& exchange_;
  exchange::Directory directory_;
  exchange::RootCache cache_;
  ledger::CompactTree tree_;
  std::vector<std::string> log_keys_ = {"hub log 1"};
  std::vector<v1::LogBatch> batches_;
  std::vector<std::string> envelopes_;  // By log index.
  std::uint64_t accepted_at_ms_ = 1'700'000'000'000;
};

}  // namespace chancery::test
