// The envelope, parsed: draft, header, body and signatures with the hashes that name them.
//
// Parsing is strict and judges form only: lengths, order, known values. Whether the signature
// verifies and the directory allows it is policy.h's to say. The three parts are kept as the exact
// bytes received, since these are what is signed, hashed, stored and forwarded.
// Protocol chapters 2 and 3 (C-10 to C-39).

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/draft_form.h"

namespace chancery::exchange {

// Labels end in a zero byte, so that none is a prefix of another's input.
[[nodiscard]] Hash genesis_hash(std::string_view header, std::string_view body);
[[nodiscard]] Hash notice_hash(const Hash& genesis, std::string_view draft);  // N
[[nodiscard]] Hash envelope_hash(const Hash& genesis, std::string_view header,
                                 std::string_view body);                    // D
[[nodiscard]] Hash entry_hash(const Hash& d, std::string_view signatures);  // E
[[nodiscard]] Hash body_digest(std::string_view body);
[[nodiscard]] Hash text_digest(std::string_view plaintext);

struct Envelope {
  std::string header_bytes;
  std::string body_bytes;
  std::string signatures_bytes;
  std::optional<Hash> erased;  // Instead of the body, which was erased: its digest.

  v1::Header header;
  v1::Draft draft;
  // Of `draft`, for the next one that is parsed into this. Who swaps `draft` for another clears it.
  DraftForm draft_form;
  v1::Body body;
  std::vector<Signature> signatures;

  Hash notice{};  // N
  Hash d{};
  Hash entry{};  // E

  [[nodiscard]] bool sealed() const { return body.has_sealed(); }
  [[nodiscard]] std::size_t size() const {  // In bytes, of its parts.
    return header_bytes.size() + body_bytes.size() + signatures_bytes.size();
  }
  // The one that a node made over D; nothing where there is none, as in what is not good.
  [[nodiscard]] const Signature* batch_signature() const;
  [[nodiscard]] std::string bytes() const;
  [[nodiscard]] std::vector<std::string> recipient_codes() const;
  // "AM 0190c3e2-…": how an envelope is called in logs and errors.
  [[nodiscard]] std::string name() const;
};

// The same input gives the same bytes: the parts of an envelope put together.
[[nodiscard]] std::string envelope_bytes(std::string_view header, std::string_view body,
                                         std::string_view signatures);
// The same in the place of what is in `bytes`, whose memory is used.
void set_envelope_bytes(std::string& bytes, std::string_view header, std::string_view body,
                        std::string_view signatures);

// The same of an envelope whose body was erased (C-99).
[[nodiscard]] std::string erased_bytes(std::string_view header, const Hash& body_digest,
                                       std::string_view signatures);

enum class Bodies : std::uint8_t {
  kThere,        // kBodyErased where it is not: nobody submits such an envelope.
  kMaybeErased,  // What was logged and is stored, or comes from a store.
};
[[nodiscard]] Result<Envelope> parse_envelope(std::string_view bytes, const Hash& genesis,
                                              Bodies bodies = Bodies::kThere);

// The same into an envelope that keeps its memory: for many, one after the other. What was in it is
// gone, also on failure.
[[nodiscard]] Result<void> parse_envelope_into(Envelope& envelope, std::string_view bytes,
                                               const Hash& genesis, Bodies bodies);

// E of an envelope whose parts may be anything, whole or as they are stored.
[[nodiscard]] Result<Hash> entry_of(std::string_view envelope_bytes, const Hash& genesis);
[[nodiscard]] Hash entry_of(const Hash& genesis, std::string_view header, const Hash& body_digest,
                            std::string_view signatures);

// The genesis that an envelope would have if it were the first roster of an exchange.
[[nodiscard]] Result<Hash> genesis_of(std::string_view envelope_bytes);

// Form of a draft by itself, as a node checks it before it promises anything.
[[nodiscard]] Result<void> check_draft(const v1::Draft& draft);

}  // namespace chancery::exchange
