// Pages of a store that somebody altered, as an auditor reads them after the founding entries: at
// most three batches, as the input has them or, by its first bits, made to fit and signed with the
// log's key; then the last page.
//
// Holds: findings stay within their bound; an audit that passes saw as many entries as the store
// claims, and no more envelopes than entries.

#include "core/exchange/audit.h"

#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kBatchesMax = 3;

struct Trial {
  test::TestExchange exchange;
  test::TestLog log{exchange};
  exchange::Auditor auditor{exchange.genesis()};

  Trial() {
    log.found();
    for (const v1::AuditBatch& batch : log.audit_batches()) {
      CHANCERY_CHECK(auditor.batch(batch));
    }
  }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

v1::AuditBatch make_batch(Input& input, ledger::CompactTree& tree) {
  const std::uint8_t bits = input.byte();
  v1::AuditBatch batch =
      exchange::parse_wire<v1::AuditBatch>(input.chunk(), exchange::Reading::kOpen)
          .value_or(v1::AuditBatch());
  if ((bits & 1U) == 0) {
    batch.set_first_index(tree.size());
    std::uint64_t index = tree.size();
    for (v1::AuditEntry& entry : *batch.mutable_entries()) {
      entry.set_index(index++);
    }
  }
  std::string leaves = batch.leaves();
  if ((bits & 2U) == 0) {  // Each envelope that is there gets the leaf that it has.
    leaves.clear();
    for (const v1::AuditEntry& entry : batch.entries()) {
      const auto hash = exchange::entry_of(entry.envelope(), trial().exchange.genesis());
      const auto leaf = ledger::encode({.type = ledger::LeafType::kNotice,
                                        .accepted_at_ms = 1'700'000'001'000,
                                        .directory = trial().log.directory().root(),
                                        .entry = hash.value_or(Hash{1})});
      leaves += as_view(leaf);
    }
    batch.set_leaves(leaves);
  }
  for (std::size_t at = 0; at + ledger::kLeafBytes <= leaves.size(); at += ledger::kLeafBytes) {
    tree.append(
        ledger::leaf_hash(as_bytes(std::string_view(leaves).substr(at, ledger::kLeafBytes))));
  }
  if ((bits & 4U) == 0) {
    batch.set_checkpoint(test::signed_checkpoint(trial().exchange.roster().hub().origin_line(),
                                                 tree.size(), tree.root(),
                                                 std::vector<std::string>{"hub log 1"}));
  }
  return batch;
}

void run(Input& input) {
  exchange::Auditor auditor = trial().auditor;
  ledger::CompactTree tree = trial().log.tree();
  const std::uint8_t count = input.byte();
  const std::uint8_t claims = input.byte();
  for (std::size_t i = 0; i < count % (kBatchesMax + 1); ++i) {
    (void)auditor.batch(make_batch(input, tree));
  }
  const auto page = exchange::parse_wire<v1::AuditPageReply>(input.rest(), exchange::Reading::kOpen)
                        .value_or(v1::AuditPageReply());
  auditor.last_page(page);
  const std::uint64_t size_claimed = (claims & 1U) == 0 ? tree.size() : page.size();
  const exchange::AuditReport report = auditor.finish(size_claimed, page.root());
  CHANCERY_CHECK(report.findings.size() <= exchange::Auditor::kFindingsMax);
  CHANCERY_CHECK(!report.passed() || report.head_unsigned || report.size == size_claimed);
  CHANCERY_CHECK(report.envelope_count + report.void_count <= report.size || !report.passed() ||
                 report.head_unsigned);
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::run(input);
  return 0;
}
