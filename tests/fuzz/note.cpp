// A signed note, or a verifier key, as a hub or a witness sends it. First byte: 0 the bytes are a
// note; 1 they are a verifier key; 2 they are a text that the log's and a witness's key sign here,
// so that what is behind the signature is reached as well.
//
// Holds: one spelling per note and key, both ways; within the limits of note.h; what is signed here
// opens exactly where the text is a checkpoint of the log.

#include "core/ledger/note.h"

#include <array>

#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

using chancery::as_bytes;
namespace ledger = chancery::ledger;
namespace test = chancery::test;

namespace {

struct Keys {
  std::unique_ptr<chancery::crypto::KeySigner> log = test::key_signer("hub log 1");
  std::unique_ptr<chancery::crypto::KeySigner> witness = test::key_signer("AM node 1 witness");
  ledger::NoteKey log_key{.name = "chancery.test/trial", .key = log->public_key()};
  ledger::NoteKey witness_key{
      .name = "AM", .type = ledger::kNoteCosignature, .key = witness->public_key()};
};

const Keys& keys() {
  static const Keys made;
  return made;
}

void check_note(std::string_view bytes) {
  const auto note = ledger::parse_note(bytes);
  if (!note.has_value()) {
    CHANCERY_CHECK(!ledger::open_checkpoint(bytes, keys().log_key).has_value());
    return;
  }
  CHANCERY_CHECK(ledger::format_note(*note) == bytes);
  CHANCERY_CHECK(bytes.size() <= ledger::kNoteBytesMax && !note->signatures.empty() &&
                 note->signatures.size() <= ledger::kNoteSignaturesMax);
  const auto opened = ledger::open_checkpoint(bytes, keys().log_key);
  if (opened.has_value()) {
    CHANCERY_CHECK(ledger::checkpoint_body(opened->checkpoint) == note->text);
    CHANCERY_CHECK(opened->checkpoint.origin == keys().log_key.name);
  }
  const auto cosigned = ledger::verify_cosignatures(*note, std::array{keys().witness_key});
  CHANCERY_CHECK(!cosigned.has_value() || cosigned->size() <= 1);
}

void check_key(std::string_view text) {
  if (const auto key = ledger::NoteKey::parse(text); key.has_value()) {
    CHANCERY_CHECK(key->format() == text);
  }
}

void check_signed(std::string_view text) {
  const std::string value = test::must(keys().log->sign(as_bytes(text)));
  const std::uint64_t time_s = 1'700'000'000;
  const std::string cosigned =
      test::must(keys().witness->sign(as_bytes(ledger::cosignature_message(time_s, text))));
  const std::string bytes =
      std::string(text) + "\n" + ledger::note_signature_line(keys().log_key, as_bytes(value)) +
      ledger::cosignature_line(keys().witness_key, time_s, as_bytes(cosigned));
  check_note(bytes);
  const auto body = ledger::parse_checkpoint_body(text);
  const bool ours = body.has_value() && body->origin == keys().log_key.name;
  const auto opened = ledger::open_checkpoint(bytes, keys().log_key);
  CHANCERY_CHECK(opened.has_value() == ours);
  if (opened.has_value()) {
    const auto found = ledger::verify_cosignatures(opened->note, std::array{keys().witness_key});
    CHANCERY_CHECK(found.has_value() && found->size() == 1 && found->front().time_s == time_s);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      check_note(input.rest());
      break;
    case 1:
      check_key(input.rest());
      break;
    default:
      check_signed(input.rest());
  }
  return 0;
}
