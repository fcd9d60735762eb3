#include "tests/support/generated_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/exchange/witnesses.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/leaf.h"
#include "core/ledger/tree.h"
#include "tests/support/log.h"

namespace chancery::test {
namespace {

constexpr std::size_t kPageBytes = 2U << 20U;
constexpr std::uint64_t kFirstMs = 1'800'000'000'000;

// SplitMix64.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

GeneratedLog::GeneratedLog(const TestExchange& exchange, GeneratedOptions options)
    : exchange_(exchange), options_(std::move(options)) {
  TestLog founding(exchange);
  founding.found();
  for (const v1::LogBatch& batch : founding.batches()) {
    founding_leaves_.push_back(to_string(ledger::encode(leaves_of(batch).front())));
  }
  directory_root_ = to_string(exchange.directory().root());
  std::ranges::sort(options_.heads);
  ledger::CompactTree tree;
  std::string bytes;
  for (std::uint64_t i = 0; i < options_.size; ++i) {
    bytes.clear();
    append_leaf(bytes, i);
    tree.append(ledger::leaf_hash(as_bytes(bytes)));
    if (end_of_batch(i) == i + 1) {
      roots_.emplace(i + 1, tree.root());
    }
  }
}

void GeneratedLog::append_leaf(std::string& bytes, std::uint64_t index) const {
  if (index < founding_leaves_.size()) {
    bytes += founding_leaves_[index];
    return;
  }
  bytes += static_cast<char>(ledger::LeafType::kNotice);
  bytes += as_view(u64_be(kFirstMs + index / kBatchSize));
  bytes += directory_root_;
  const std::uint64_t seed = index * 8 + (index >= options_.fork_at ? 4 : 0);
  for (std::uint64_t part = 0; part < 4; ++part) {
    bytes += as_view(u64_be(mixed(seed + part)));
  }
}

std::string GeneratedLog::leaf(std::uint64_t index) const {
  std::string bytes;
  append_leaf(bytes, index);
  return bytes;
}

std::uint64_t GeneratedLog::end_of_batch(std::uint64_t first) const {
  if (first < founding_leaves_.size()) {
    return first + 1;
  }
  const auto head = std::ranges::upper_bound(options_.heads, first);
  const std::uint64_t end = std::min((first / kBatchSize + 1) * kBatchSize, options_.size);
  return head == options_.heads.end() ? end : std::min(end, *head);
}

std::string GeneratedLog::checkpoint(std::uint64_t size) const {
  return signed_checkpoint(exchange_.roster().hub().origin_line(), size, root_at(size),
                           std::array<std::string, 1>{"hub log 1"});
}

std::string GeneratedLog::cosigned(std::uint64_t size, std::size_t cosigners) const {
  const exchange::WitnessSet set = exchange::witnesses_of(exchange_.directory());
  std::string note = checkpoint(size);
  const std::string body = must(ledger::parse_note(note)).text;
  for (const ledger::NoteKey& key : set.keys) {
    if (cosigners == 0) {
      break;
    }
    --cosigners;
    const std::string member = key.name.substr(key.name.rfind('/') + 1);
    const auto signer = key_signer(node_key_name(member, 1, "witness"));
    const std::uint64_t time_s = kFirstMs / 1000 + size;
    note += ledger::cosignature_line(
        key, time_s,
        as_bytes(must(signer->sign(as_bytes(ledger::cosignature_message(time_s, body))))));
  }
  return note;
}

v1::AuditPageReply GeneratedLog::page(std::uint64_t from_index, bool leaves_only) const {
  v1::AuditPageReply reply;
  reply.set_size(options_.size);
  reply.set_root(to_string(root_at(options_.size)));
  std::size_t bytes = 0;
  std::uint64_t first = from_index;
  while (first < options_.size && bytes < kPageBytes) {
    const std::uint64_t end = end_of_batch(first);
    if (!roots_.contains(first) && first != 0) {
      first = end;  // Within a batch: from the next on.
      continue;
    }
    v1::AuditBatch& batch = *reply.add_batches();
    batch.set_first_index(first);
    batch.mutable_leaves()->reserve((end - first) * ledger::kLeafBytes);
    for (std::uint64_t i = first; i < end; ++i) {
      append_leaf(*batch.mutable_leaves(), i);
      if (!leaves_only && i < founding_leaves_.size()) {
        v1::AuditEntry& entry = *batch.add_entries();
        entry.set_index(i);
        entry.set_envelope(exchange_.founding_entries()[i]);
      }
    }
    batch.set_checkpoint(checkpoint(end));
    bytes += batch.leaves().size();
    first = end;
  }
  if (first < options_.size) {
    reply.set_next_index(first);
  } else if (options_.cosigners > 0) {
    reply.set_cosigned(cosigned(
        options_.cosigned_size == 0 ? options_.size : options_.cosigned_size, options_.cosigners));
  }
  return reply;
}

}  // namespace chancery::test
