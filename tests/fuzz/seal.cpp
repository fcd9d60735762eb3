// A sealed body. First byte: 0 the bytes are a SealedBody, whose first stanza is made ours; 1 an
// honest body is spoilt, by edits of three bytes, in itself, in its header or in its recipients.
//
// Holds: what opens has the digest that was signed for; a spoilt body opens to nothing else than
// what was sealed, and not at all under another header or for other recipients.

#include "core/exchange/seal.h"

#include "core/exchange/envelope.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

namespace chancery::fuzz {
namespace {

struct Trial {
  std::vector<std::string> recipients = {"BY", "RU"};
  std::string header = "a header";
  std::string plaintext =
      test::must(exchange::pad_text(test::seeded_bytes("text", 32), "what was sealed"));
  Hash digest = exchange::text_digest(plaintext);
  std::string body;

  Trial() {
    const std::vector<crypto::PublicKey> keys = {test::agreement_public("AM node 1 sealing"),
                                                 test::agreement_public("BY node 1 sealing"),
                                                 test::agreement_public("RU node 1 sealing")};
    const auto group = test::must(exchange::SealGroup::make(
        exchange::seal_info({}, "AM", recipients), keys,
        test::seeded_bytes("seal", exchange::SealGroup::random_bytes_needed(keys.size()))));
    body = test::must(group.seal(header, plaintext));
  }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

Result<std::string> open(const v1::SealedBody& sealed, std::string_view header,
                         const std::vector<std::string>& recipients) {
  std::vector<crypto::PrivateKey> keys;
  keys.push_back(test::agreement_private("BY node 1 sealing"));
  exchange::Opener opener(std::move(keys), 1);
  const std::string_view digest = as_view(trial().digest);
  auto opened = opener.open({}, "AM", recipients, header, sealed, digest);
  const auto again = opener.open({}, "AM", recipients, header, sealed, digest);
  CHANCERY_CHECK(opened.has_value() == again.has_value());  // From the key that was kept.
  CHANCERY_CHECK(!opened.has_value() || *opened == trial().plaintext);
  return opened;
}

void open_any(Input& input) {
  auto sealed = exchange::parse_wire<v1::SealedBody>(input.rest(), exchange::Reading::kOpen);
  if (!sealed.has_value()) {
    return;
  }
  if (sealed->stanzas_size() > 0) {
    sealed->mutable_stanzas(0)->set_key_id(
        to_string(test::agreement_public("BY node 1 sealing").id()));
  }
  (void)open(*sealed, trial().header, trial().recipients);
}

void open_spoilt(Input& input) {
  std::string body = trial().body;
  std::string header = trial().header;
  std::vector<std::string> recipients = trial().recipients;
  while (!input.empty()) {
    const std::size_t what = input.choice(4);
    const std::size_t where = input.byte();
    const std::uint8_t change = input.byte();
    if (what == 0) {
      header[where % header.size()] = static_cast<char>(change);
    } else if (what == 1) {
      recipients[where % recipients.size()] = std::string(change % 9U, 'X');
    } else {
      const std::size_t at = (where | (what == 3 ? 256U : 0U)) % body.size();
      body[at] = static_cast<char>(change);
    }
  }
  const auto parsed = exchange::parse_wire<v1::Body>(body);
  if (!parsed.has_value() || !parsed->has_sealed()) {
    return;
  }
  const auto opened = open(parsed->sealed(), header, recipients);
  CHANCERY_CHECK(opened.has_value() || body != trial().body || header != trial().header ||
                 recipients != trial().recipients);
  CHANCERY_CHECK(!opened.has_value() ||
                 (header == trial().header && recipients == trial().recipients));
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  if (input.flag()) {
    chancery::fuzz::open_spoilt(input);
  } else {
    chancery::fuzz::open_any(input);
  }
  return 0;
}
