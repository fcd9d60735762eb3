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
Result<void> open_text(std::string& plaintext, const exchange::Envelope& envelope,
                       const Hash& genesis, exchange::Opener& opener) {
  if (!envelope.sealed()) {
    plaintext = envelope.body.clear();
    return exchange::check_text(envelope.draft.kind(), plaintext);
  }
  CHANCERY_TRY(plaintext, opener.open(genesis, envelope.draft.origin(), envelope.recipient_codes(),
                                      envelope.header_bytes, envelope.body.sealed(),
                                      envelope.draft.text_digest()));
  CHANCERY_TRY(const std::string text, exchange::unpad_text(plaintext));
  return exchange::check_text(envelope.draft.kind(), text);
}

}  // namespace

void judge_delivery_into(Arrival& arrival, std::uint64_t index, std::string envelope_bytes,
                         const ledger::Leaf& leaf, std::string_view member,
                         const exchange::Directory& directory, exchange::Opener& opener,
                         exchange::RootCache& cache) {
  arrival.index = index;
  arrival.lane = exchange::Lane::kPatient;
  arrival.verdict = Verdict::kGood;
  arrival.error.reset();
  arrival.envelope_bytes = std::move(envelope_bytes);
  arrival.text.clear();
  arrival.own = false;
  const auto because = [&](Verdict verdict, Error error) {
    arrival.verdict = verdict;
    arrival.error = std::move(error);
  };
  if (!arrival.envelope.has_value()) {
    arrival.envelope.emplace();
  }
  exchange::Envelope& envelope = *arrival.envelope;
  const Result<void> parsed = exchange::parse_envelope_into(
      envelope, arrival.envelope_bytes, directory.genesis(), exchange::Bodies::kMaybeErased);
  const Result<Hash> entry = parsed.has_value()
                                 ? Result<Hash>(envelope.entry)
                                 : exchange::entry_of(arrival.envelope_bytes, directory.genesis());
  if (!entry.has_value() || *entry != leaf.entry) {
    arrival.envelope.reset();
    return because(Verdict::kGarbled, entry.has_value()
                                          ? Error{ErrorCode::kLeafMismatch,
                                                  "what was delivered hashes to " + hex(*entry)}
                                          : entry.error());
  }
  if (!parsed.has_value()) {
    arrival.envelope.reset();
    return because(Verdict::kVoid, parsed.error());
  }
  arrival.own = envelope.draft.origin() == member;
  Result<void> good = check_type(leaf);
  if (good.has_value()) {
    good = check_addressed(envelope, member);
  }
  if (good.has_value()) {
    good = exchange::judge_notice(envelope, directory, cache);
  }
  if (!good.has_value()) {
    return because(Verdict::kVoid, good.error());
  }
  if (envelope.erased.has_value()) {
    return because(Verdict::kErased, {ErrorCode::kBodyErased, "before it was delivered here"});
  }
  const Result<void> opened = open_text(arrival.text, envelope, directory.genesis(), opener);
  if (!opened.has_value()) {
    arrival.text.clear();
    because(Verdict::kUnopenable, opened.error());
  }
}

Arrival judge_delivery(std::uint64_t index, std::string envelope_bytes, const ledger::Leaf& leaf,
                       std::string_view member, const exchange::Directory& directory,
                       exchange::Opener& opener, exchange::RootCache& cache) {
  Arrival arrival;
  judge_delivery_into(arrival, index, std::move(envelope_bytes), leaf, member, directory, opener,
                      cache);
  return arrival;
}

}  // namespace chancery::node
