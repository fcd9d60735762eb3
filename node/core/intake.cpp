#include "node/core/intake.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/kinds.h"
#include "core/exchange/policy.h"

namespace chancery::node {
namespace {

Result<void> check_type(const ledger::Leaf& leaf) {
  if (leaf.type != ledger::LeafType::kNotice) {
    return fail(ErrorCode::kLeafMismatch, "a directory entry is not delivered as a notice");
  }
  return {};
}

Result<void> check_addressed(const exchange::Envelope& envelope, std::string_view member) {
  const bool named = std::ranges::any_of(
      envelope.draft.recipients(),
      [&](const v1::Recipient& recipient) { return recipient.member() == member; });
  if (!named && envelope.draft.origin() != member) {
    return fail(ErrorCode::kUnknownRecipient, envelope.name() + " is not for this member");
  }
  return {};
}

// The plaintext as its digest covers it, once what is in it is known to be a text.
Result<std::string> open_text(const exchange::Envelope& envelope, const Hash& genesis,
                              exchange::Opener& opener) {
  std::string plaintext = envelope.body.clear();
  std::string text = plaintext;
  if (envelope.sealed()) {
    CHANCERY_TRY(plaintext, opener.open(genesis, envelope.draft.origin(),
                                        envelope.recipient_codes(), envelope.header_bytes,
                                        envelope.body.sealed(), envelope.draft.text_digest()));
    CHANCERY_TRY(text, exchange::unpad_text(plaintext));
  }
  CHANCERY_TRY_VOID(exchange::parse_text(envelope.draft.kind(), text));
  return plaintext;
}

}  // namespace

Arrival judge_delivery(std::uint64_t index, std::string envelope_bytes, const ledger::Leaf& leaf,
                       std::string_view member, const exchange::Directory& directory,
                       exchange::Opener& opener, exchange::RootCache& cache) {
  Arrival arrival;
  arrival.index = index;
  arrival.envelope_bytes = std::move(envelope_bytes);
  const auto because = [&](Verdict verdict, Error error) {
    arrival.verdict = verdict;
    arrival.error = std::move(error);
  };
  Result<exchange::Envelope> envelope = exchange::parse_envelope(
      arrival.envelope_bytes, directory.genesis(), exchange::Bodies::kMaybeErased);
  const Result<Hash> entry = envelope.has_value()
                                 ? Result<Hash>(envelope->entry)
                                 : exchange::entry_of(arrival.envelope_bytes, directory.genesis());
  if (!entry.has_value() || *entry != leaf.entry) {
    because(Verdict::kGarbled,
            entry.has_value()
                ? Error{ErrorCode::kLeafMismatch, "what was delivered hashes to " + hex(*entry)}
                : entry.error());
    return arrival;
  }
  if (!envelope.has_value()) {
    because(Verdict::kVoid, envelope.error());
    return arrival;
  }
  arrival.own = envelope->draft.origin() == member;
  arrival.envelope = std::move(*envelope);
  Result<void> good = check_type(leaf);
  if (good.has_value()) {
    good = check_addressed(*arrival.envelope, member);
  }
  if (good.has_value()) {
    good = exchange::judge_notice(*arrival.envelope, directory, cache);
  }
  if (!good.has_value()) {
    because(Verdict::kVoid, good.error());
    return arrival;
  }
  if (arrival.envelope->erased.has_value()) {
    because(Verdict::kErased, {ErrorCode::kBodyErased, "before it was delivered here"});
    return arrival;
  }
  Result<std::string> text = open_text(*arrival.envelope, directory.genesis(), opener);
  if (!text.has_value()) {
    because(Verdict::kUnopenable, text.error());
    return arrival;
  }
  arrival.text = std::move(*text);
  return arrival;
}

}  // namespace chancery::node
