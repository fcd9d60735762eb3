#include "core/exchange/completeness.h"

#include <google/protobuf/repeated_ptr_field.h>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"

namespace chancery::exchange {
namespace {

using Indices = google::protobuf::RepeatedPtrField<v1::EntryRef>;

void fill(const ledger::CompactTree& tree, v1::Count& count) {
  count.set_count(tree.size());
  count.set_root(to_string(tree.root()));
}

void fill(const std::vector<std::uint64_t>& indices, Indices& refs) {
  for (const std::uint64_t index : indices) {
    refs.Add()->set_index(index);
  }
}

Result<void> check_indices(const Indices& refs, std::uint64_t from, std::uint64_t to,
                           std::string_view name) {
  if (static_cast<std::size_t>(refs.size()) > kStatementIndicesMax) {
    return fail(ErrorCode::kLimitExceeded, "a statement with " + std::to_string(refs.size()) + " " +
                                               std::string(name) + " entries");
  }
  std::uint64_t next = from;
  for (const v1::EntryRef& ref : refs) {
    if (ref.index() < next || ref.index() >= to) {
      return fail(ErrorCode::kMalformed, "the " + std::string(name) + " entries of a statement");
    }
    next = ref.index() + 1;
  }
  return {};
}

bool is_same(const v1::Count& theirs, const ledger::CompactTree& ours) {
  return theirs.count() == ours.size() && theirs.root() == as_view(ours.root());
}

std::string both(const v1::Count& theirs, const ledger::CompactTree& ours) {
  return theirs.count() == ours.size()
             ? std::to_string(ours.size()) + ", and not the same ones"
             : std::to_string(theirs.count()) + ", and by ours " + std::to_string(ours.size());
}

}  // namespace

void PairCount::add(bool own, const Hash& d) {
  (own ? sent : received).append(ledger::leaf_hash(d));
}

bool PairCount::counts_the_same(const PairCount& other) const {
  return received.size() == other.received.size() && sent.size() == other.sent.size();
}

std::string statement_text(const PairCount& count, const StatementInput& input) {
  v1::Statement statement;
  statement.set_peer(input.peer);
  statement.set_size(count.size);
  statement.set_root(to_string(input.root));
  fill(count.received, *statement.mutable_received());
  fill(count.sent, *statement.mutable_sent());
  fill(input.early, *statement.mutable_early());
  fill(input.unopenable, *statement.mutable_unopenable());
  v1::Text text;
  text.set_content(statement.SerializeAsString());
  return text.SerializeAsString();
}

Result<v1::Statement> parse_statement(std::string_view text, std::string_view peer,
                                      std::uint64_t size) {
  CHANCERY_TRY(const v1::Text parsed, parse_text(kStatementKind, text));
  CHANCERY_TRY(v1::Statement statement,
               parse_wire<v1::Statement>(parsed.content(), Reading::kOpen));
  const std::size_t hash_bytes = Hash{}.size();
  if (statement.peer() != peer) {
    return fail(ErrorCode::kMalformed, "a statement about another peer than its recipient");
  }
  if (statement.size() == 0 || statement.size() > size) {
    return fail(ErrorCode::kMalformed, "a statement of " + std::to_string(statement.size()) +
                                           " entries, logged at " + std::to_string(size));
  }
  if (statement.root().size() != hash_bytes || statement.received().root().size() != hash_bytes ||
      statement.sent().root().size() != hash_bytes) {
    return fail(ErrorCode::kMalformed, "the roots of a statement");
  }
  CHANCERY_TRY_VOID(check_indices(statement.early(), statement.size(), size, "early"));
  CHANCERY_TRY_VOID(check_indices(statement.unopenable(), 0, size, "unopenable"));
  return statement;
}

Result<void> compare(const v1::Statement& theirs, const PairCount& ours) {
  const std::string below = " below entry " + std::to_string(ours.size);
  if (!is_same(theirs.received(), ours.sent)) {
    return fail(ErrorCode::kStatementMismatch, "of what was sent to it" + below + " it received " +
                                                   both(theirs.received(), ours.sent));
  }
  if (!is_same(theirs.sent(), ours.received)) {
    return fail(ErrorCode::kStatementMismatch,
                "of what came from it" + below + " it sent " + both(theirs.sent(), ours.received));
  }
  return {};
}

bool expects_acknowledgement(const v1::Draft& draft) {
  return draft.status() == v1::STATUS_ACTUAL && draft.kind() != kStatementKind &&
         draft.kind() != kAcknowledgementKind && !matches("consultation.*", draft.kind());
}

Result<v1::Acknowledgement> parse_acknowledgement(std::string_view text) {
  CHANCERY_TRY(const v1::Text parsed, parse_text(kAcknowledgementKind, text));
  CHANCERY_TRY(v1::Acknowledgement said,
               parse_wire<v1::Acknowledgement>(parsed.content(), Reading::kOpen));
  const bool has_level = said.level() == v1::ACKNOWLEDGEMENT_LEVEL_READ ||
                         said.level() == v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED;
  if (said.notice().size() != Hash{}.size() || !has_level) {
    return fail(ErrorCode::kMalformed, "an acknowledgement of no notice, or of no level");
  }
  return said;
}

}  // namespace chancery::exchange
