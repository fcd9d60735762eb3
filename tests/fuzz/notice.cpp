// A notice whose draft and text a hostile member wrote, and which its own node signs, so that every
// rule behind the signature is reached. In the input: whose key signs, what the node does with the
// draft (bits: seal, name the right digest, keep the version), the draft, the text.
//
// Holds: a notice that is good is signed by its origin, granted, for members that may read it, and
// sealed where the roster asks for it; each of its recipients then opens what was written, or finds
// that it is no text; a bad one is good for nobody.

#include <algorithm>
#include <array>

#include "core/exchange/kinds.h"
#include "core/exchange/names.h"
#include "core/exchange/policy.h"
#include "core/exchange/strict.h"
#include "node/core/intake.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"

namespace chancery::fuzz {
namespace {

constexpr std::array kCodes = {"AM", "BY", "KG", "KZ", "RU", "SEC", "TJ", "UN"};

struct Trial {
  test::TestExchange exchange{{.institution = true, .partner = true}};
  std::vector<std::unique_ptr<crypto::KeySigner>> signers;
  exchange::RootCache cache;

  Trial() {
    for (const char* const code : kCodes) {
      signers.push_back(test::key_signer(test::node_key_name(code, 1, "signing")));
    }
  }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

std::vector<std::string> codes_of(const v1::Draft& draft) {
  std::vector<std::string> codes;
  for (const v1::Recipient& recipient : draft.recipients()) {
    codes.push_back(recipient.member());
  }
  return codes;
}

// Nothing where it cannot be sealed to these recipients.
std::string sealed_body(const v1::Draft& draft, const std::string& header,
                        const std::string& plaintext) {
  const std::vector<std::string> codes = codes_of(draft);
  const exchange::Directory& directory = trial().exchange.directory();
  const auto keys = exchange::sealing_keys_for(draft.origin(), codes, directory);
  if (!keys.has_value()) {
    return {};
  }
  const std::string random =
      test::seeded_bytes("seal", exchange::SealGroup::random_bytes_needed(keys->size()));
  const std::string info = exchange::seal_info(trial().exchange.genesis(), draft.origin(), codes);
  const auto group = exchange::SealGroup::make(info, *keys, random);
  return group.has_value() ? group->seal(header, plaintext).value_or("") : "";
}

std::string make_envelope(const v1::Draft& draft, const std::string& body_text, bool sealed,
                          std::uint32_t version, crypto::KeySigner& signer) {
  std::string header = exchange::make_header(
      draft.SerializeAsString(),
      {.salt = test::seeded_bytes("salt", 16), .created_at_us = 1, .log_seen = std::nullopt});
  if (version != 1) {
    v1::Header other;
    CHANCERY_CHECK(other.ParseFromString(header));
    other.set_version(version);
    header = other.SerializeAsString();
  }
  const std::string body =
      sealed ? sealed_body(draft, header, body_text) : exchange::clear_body(body_text);
  const Hash& genesis = trial().exchange.genesis();
  const Hash d = exchange::envelope_hash(genesis, header, body);
  const exchange::BatchToSign batch(genesis, signer.public_key().id(), std::span(&d, 1));
  const std::string value = test::must(signer.sign(as_bytes(batch.message())));
  return exchange::envelope_bytes(header, body,
                                  exchange::signatures_bytes({batch.signature(0, value)}));
}

void check_good(const exchange::Envelope& envelope, std::string_view signer) {
  const exchange::Directory& directory = trial().exchange.directory();
  const v1::Draft& draft = envelope.draft;
  CHANCERY_CHECK(draft.origin() == signer && envelope.header.version() == 1);
  const v1::Member* const origin = directory.member(draft.origin());
  CHANCERY_CHECK(origin != nullptr && exchange::any_matches(origin->publish(), draft.kind()));
  CHANCERY_CHECK(draft.recipients_size() > 0);
  const int rank = directory.classification_rank(draft.label().classification());
  for (const std::string& code : envelope.recipient_codes()) {
    const v1::Member* const member = directory.member(code);
    CHANCERY_CHECK(member != nullptr && exchange::any_matches(member->receive(), draft.kind()));
    CHANCERY_CHECK(rank >= 0 && rank <= directory.classification_rank(member->ceiling()));
  }
  CHANCERY_CHECK(envelope.sealed() || !draft.kind().starts_with("threat."));
  CHANCERY_CHECK(exchange::judge_draft(draft, envelope.sealed(), directory).has_value());
}

void check_deliveries(const exchange::Envelope& envelope, bool good, bool named,
                      std::string_view text) {
  const ledger::Leaf leaf{.type = ledger::LeafType::kNotice,
                          .accepted_at_ms = 1,
                          .directory = trial().exchange.directory().root(),
                          .entry = envelope.entry};
  const bool readable = named && exchange::parse_text(envelope.draft.kind(), text).has_value();
  exchange::RootCache cache = trial().cache;
  for (const char* const code : kCodes) {
    std::vector<crypto::PrivateKey> keys;
    keys.push_back(test::agreement_private(test::node_key_name(code, 1, "sealing")));
    exchange::Opener opener(std::move(keys));
    const node::Arrival arrival = node::judge_delivery(7, envelope.bytes(), leaf, code,
                                                       trial().exchange.directory(), opener, cache);
    const std::vector<std::string> codes = envelope.recipient_codes();
    const bool addressed =
        envelope.draft.origin() == code || std::ranges::find(codes, code) != codes.end();
    const node::Verdict expected = !good || !addressed ? node::Verdict::kVoid
                                   : readable          ? node::Verdict::kGood
                                                       : node::Verdict::kUnopenable;
    CHANCERY_CHECK(arrival.verdict == expected);
    if (expected == node::Verdict::kGood) {
      const std::string opened =
          envelope.sealed() ? exchange::unpad_text(arrival.text).value_or("") : arrival.text;
      CHANCERY_CHECK(opened == text);
    }
  }
}

void run(Input& input) {
  const std::size_t signer = input.choice(kCodes.size());
  const std::uint8_t bits = input.byte();
  const bool sealed = (bits & 1U) != 0;
  auto parsed = exchange::parse_wire<v1::Draft>(input.chunk(), exchange::Reading::kOpen);
  if (!parsed.has_value()) {
    return;
  }
  v1::Draft draft = *std::move(parsed);
  const std::string_view text = input.rest();
  const std::string body_text =
      sealed ? test::must(exchange::pad_text(test::seeded_bytes("text", 32), text))
             : std::string(text);
  if ((bits & 2U) != 0) {
    draft.set_text_digest(to_string(exchange::text_digest(body_text)));
  }
  const std::string bytes = make_envelope(draft, body_text, sealed, (bits & 4U) != 0 ? 1 : bits,
                                          *trial().signers[signer]);
  const auto envelope = exchange::parse_envelope(bytes, trial().exchange.genesis());
  if (!envelope.has_value()) {
    return;
  }
  exchange::RootCache cache;
  // Of one that is new, so that each input is judged by itself.
  const exchange::Directory directory = trial().exchange.directory();
  const bool good = exchange::judge_notice(*envelope, directory, cache).has_value();
  if (good) {
    check_good(*envelope, kCodes[signer]);
  }
  // Who seals another text than the draft names makes a notice that nobody opens.
  const bool named = draft.text_digest() == as_view(exchange::text_digest(body_text));
  check_deliveries(*envelope, good, named, text);
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::run(input);
  return 0;
}
