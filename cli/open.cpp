#include "cli/open.h"

#include <iostream>
#include <utility>
#include <vector>

#include "cli/display.h"
#include "cli/exchange_run.h"
#include "cli/lookup.h"
#include "core/base/encoding.h"
#include "core/crypto/secret.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/seal.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

using crypto::PrivateKey;

constexpr std::size_t kEnvelopeFileBytesMax = 2 * exchange::kEnvelopeBytesMax + 1;

// Its line ends are ours; what stands in the lines is not.
std::string harmless_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += harmless(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

// The key as an X25519 secret, whatever it was made for.
Result<PrivateKey> as_sealing_key(const PrivateKey& key) {
  std::string raw = key.raw();
  const crypto::WipeAtEnd wipe(raw);
  return PrivateKey::from_seed(crypto::Algorithm::kX25519, as_bytes(raw));
}

// Two files are read: an error says which one it is about.
std::unexpected<Error> about(const std::string& path, ErrorCode code, const Error& error) {
  return fail(code, path + ": " + error.detail);
}

}  // namespace

Result<OpenTrial> try_open(const exchange::Envelope& envelope, const Hash& genesis,
                           const PrivateKey& key) {
  if (!envelope.sealed()) {
    return fail(ErrorCode::kSealMalformed, "the envelope is clear: there is nothing to open");
  }
  CHANCERY_TRY(PrivateKey sealing_key, as_sealing_key(key));
  const std::string key_id = to_string(sealing_key.public_key().id());
  std::vector<PrivateKey> keys;
  keys.push_back(std::move(sealing_key));
  exchange::Opener opener(std::move(keys));
  const std::vector<std::string> recipients = envelope.recipient_codes();

  OpenTrial trial;
  for (const v1::Stanza& stanza : envelope.body.sealed().stanzas()) {
    trial.named = trial.named || stanza.key_id() == key_id;
    ++trial.stanza_count;
    // Every stanza as if it were for this key. The key id is not part of what is sealed.
    v1::SealedBody claimed;
    *claimed.add_stanzas() = stanza;
    claimed.mutable_stanzas(0)->set_key_id(key_id);
    claimed.set_ciphertext(envelope.body.sealed().ciphertext());
    Result<std::string> plaintext =
        opener.open(genesis, envelope.draft.origin(), recipients, envelope.header_bytes, claimed,
                    envelope.draft.text_digest());
    if (!plaintext.has_value()) {
      trial.refused = plaintext.error();
      continue;
    }
    CHANCERY_TRY(const std::string bytes, exchange::unpad_text(*plaintext));
    CHANCERY_TRY(trial.text, exchange::parse_text(envelope.draft.kind(), bytes));
    trial.opened = true;
    return trial;
  }
  return trial;
}

Result<exchange::Envelope> read_envelope(std::string_view content, const Hash& genesis) {
  std::string_view digits = content;
  while (digits.ends_with('\n') || digits.ends_with(' ')) {
    digits.remove_suffix(1);
  }
  // An envelope opens with the tag of its first field, a line feed, which is no digit.
  if (Result<std::string> bytes = from_hex(digits); bytes.has_value()) {
    return exchange::parse_envelope(*bytes, genesis);
  }
  return exchange::parse_envelope(content, genesis);
}

std::string describe_trial(const OpenTrial& trial, const exchange::Envelope& envelope, bool json) {
  const Result<text::Json> content = text::parse_json(
      exchange::content_to_json(envelope.draft.kind(), trial.text.content()), kContentDepthMax);
  if (json) {
    text::Json out = {{"opened", trial.opened},
                      {"stanza_for_this_key", trial.named},
                      {"stanzas_tried", trial.stanza_count},
                      {"notice", hex(envelope.notice)},
                      {"kind", envelope.draft.kind()},
                      {"origin", envelope.draft.origin()}};
    if (trial.opened) {
      out["subject"] = trial.text.subject();
      out["language"] = trial.text.language();
      out["content"] = content.has_value() ? *content : text::Json(nullptr);
    } else {
      out["error"] = std::string(error_info(trial.refused.code).name);
    }
    return json_line(out) + "\n";
  }
  if (!trial.opened) {
    return harmless(envelope.name()) + " does not open: " + std::to_string(trial.stanza_count) +
           " stanzas tried, " + (trial.named ? "one" : "none") + " names this key\n";
  }
  return harmless(envelope.draft.kind()) + " from " + harmless(envelope.draft.origin()) + "\n" +
         harmless(trial.text.subject()) + "\n" +
         (content.has_value() ? harmless_lines(text::dump(*content, 2)) : "");
}

Result<int> run_open(const OpenOptions& options, const Shared& shared) {
  std::string genesis_hex = options.genesis;
  if (genesis_hex.empty()) {
    if (shared.exchange.empty()) {
      return fail(ErrorCode::kUsage, "of which exchange? give --genesis HEX or --exchange DIR");
    }
    CHANCERY_TRY(const ExchangeFile exchange, read_exchange_file(shared.exchange));
    genesis_hex = exchange.genesis;
  }
  const Result<Hash> genesis = hash_from_hex(genesis_hex);
  if (!genesis.has_value()) {
    return fail(ErrorCode::kUsage, "a genesis is 64 hexadecimal digits in lower case");
  }
  CHANCERY_TRY(const std::string content,
               expecting("an envelope, its bytes or in hexadecimal",
                         os::read_file(options.envelope, kEnvelopeFileBytesMax)));
  const Result<exchange::Envelope> envelope = read_envelope(content, *genesis);
  if (!envelope.has_value()) {
    return about(options.envelope, envelope.error().code, envelope.error());
  }
  CHANCERY_TRY(std::string pem, expecting("a private key in PEM", os::read_key_file(options.key)));
  const crypto::WipeAtEnd wipe(pem);
  const Result<PrivateKey> key = PrivateKey::from_pem(pem);
  if (!key.has_value()) {
    return about(options.key, ErrorCode::kUsage, key.error());
  }
  CHANCERY_TRY(const OpenTrial trial, try_open(*envelope, *genesis, *key));
  std::cout << describe_trial(trial, *envelope, shared.json);
  return trial.opened ? os::kExitDone : os::kExitFalse;
}

}  // namespace chancery::cli
