#include "core/exchange/envelope.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"

namespace chancery::exchange {
namespace {

using namespace std::string_view_literals;

// The labels end in the zero byte that string_view keeps.
constexpr std::string_view kGenesisLabel = "chancery/v1 genesis\0"sv;
constexpr std::string_view kDraftLabel = "chancery/v1 draft\0"sv;
constexpr std::string_view kNoticeLabel = "chancery/v1 notice\0"sv;
constexpr std::string_view kEntryLabel = "chancery/v1 entry\0"sv;
constexpr std::string_view kTextLabel = "chancery/v1 text\0"sv;

Hash sha256_of(std::string_view bytes) {
  return crypto::sha256({as_bytes(bytes)});
}

Result<void> check_length(std::string_view what, std::size_t found, std::size_t expected) {
  if (found != expected) {
    return fail(ErrorCode::kMalformed, std::string(what) + " has " + std::to_string(found) +
                                           " bytes, expected " + std::to_string(expected));
  }
  return {};
}

Result<void> check_at_most(std::string_view what, std::size_t found, std::size_t most) {
  if (found > most) {
    return fail(ErrorCode::kLimitExceeded, std::string(what) + ": " + std::to_string(found) +
                                               ", at most " + std::to_string(most));
  }
  return {};
}

Result<void> check_label(const v1::Label& label) {
  CHANCERY_TRY_VOID(
      check_at_most("classification bytes", label.classification().size(), kNameBytesMax));
  CHANCERY_TRY_VOID(check_at_most("handling codes", static_cast<std::size_t>(label.handling_size()),
                                  kHandlingCountMax));
  for (int i = 0; i < label.handling_size(); ++i) {
    CHANCERY_TRY_VOID(
        check_at_most("handling code bytes", label.handling(i).size(), kNameBytesMax));
    if (label.handling(i).empty() || (i > 0 && label.handling(i) <= label.handling(i - 1))) {
      return fail(ErrorCode::kNotCanonical, "handling codes ascend, each once, none empty");
    }
  }
  return {};
}

Result<void> check_recipients(const v1::Draft& draft) {
  CHANCERY_TRY_VOID(check_at_most("recipients", static_cast<std::size_t>(draft.recipients_size()),
                                  kRecipientCountMax));
  for (int i = 0; i < draft.recipients_size(); ++i) {
    const v1::Recipient& recipient = draft.recipients(i);
    if (!is_member_code(recipient.member())) {
      return fail(ErrorCode::kUnknownRecipient,
                  "'" + recipient.member() + "' is not a member code");
    }
    if (recipient.role() == v1::RECIPIENT_ROLE_UNSPECIFIED) {
      return fail(ErrorCode::kMalformed, "recipient " + recipient.member() + " has no role");
    }
    if (i > 0 && recipient.member() <= draft.recipients(i - 1).member()) {
      return fail(ErrorCode::kNotCanonical, "recipients ascend by member, each once");
    }
    if (recipient.member() == draft.origin()) {
      return fail(ErrorCode::kMalformed, "the origin is not its own recipient");
    }
  }
  return {};
}

Result<void> check_header(const v1::Header& header) {
  CHANCERY_TRY_VOID(check_length("salt", header.salt().size(), 16));
  if (header.has_log_seen()) {
    CHANCERY_TRY_VOID(check_length("log_seen root", header.log_seen().root().size(), 32));
  }
  if (header.created_at_us() == 0) {
    return fail(ErrorCode::kMalformed, "created_at is missing");
  }
  if (header.created_at_us() / 1000 > kUnixMsMax) {
    return fail(ErrorCode::kMalformed, "created_at is out of range");
  }
  return {};
}

Result<void> check_sealed(const v1::SealedBody& sealed) {
  CHANCERY_TRY_VOID(
      check_at_most("stanzas", static_cast<std::size_t>(sealed.stanzas_size()), kStanzaCountMax));
  if (sealed.stanzas_size() == 0) {
    return fail(ErrorCode::kSealMalformed, "no stanza");
  }
  for (int i = 0; i < sealed.stanzas_size(); ++i) {
    const v1::Stanza& stanza = sealed.stanzas(i);
    if (stanza.key_id().size() != 32 || stanza.enc().size() != 32 || stanza.ct().size() != 48) {
      return fail(ErrorCode::kSealMalformed, "a part of a stanza has the wrong length");
    }
    if (i > 0 && stanza.key_id() <= sealed.stanzas(i - 1).key_id()) {
      return fail(ErrorCode::kNotCanonical, "stanzas ascend by key id, each once");
    }
  }
  return {};
}

Result<void> check_signatures(const v1::Signatures& signatures) {
  CHANCERY_TRY_VOID(check_at_most(
      "signatures", static_cast<std::size_t>(signatures.signatures_size()), kSignatureCountMax));
  for (int i = 0; i < signatures.signatures_size(); ++i) {
    const v1::Signature& signature = signatures.signatures(i);
    CHANCERY_TRY_VOID(check_length("key id", signature.key_id().size(), 32));
    CHANCERY_TRY_VOID(check_length("signature", signature.value().size(), 64));
    if (i > 0 && signature.key_id() <= signatures.signatures(i - 1).key_id()) {
      return fail(ErrorCode::kNotCanonical, "signatures ascend by key id, each once");
    }
    if (signature.form_case() == v1::Signature::FORM_NOT_SET) {
      return fail(ErrorCode::kMalformed, "a signature is a batch signature or a release");
    }
    if (!signature.has_batch()) {
      continue;
    }
    CHANCERY_TRY_VOID(
        check_at_most("signed batch size", signature.batch().tree_size(), kBatchSizeMax));
    CHANCERY_TRY_VOID(check_at_most(
        "batch path", static_cast<std::size_t>(signature.batch().path_size()), kBatchPathMax));
    for (const std::string& hash : signature.batch().path()) {
      CHANCERY_TRY_VOID(check_length("batch path hash", hash.size(), 32));
    }
  }
  return {};
}

Result<v1::Envelope> parse_parts(std::string_view bytes) {
  CHANCERY_TRY(v1::Envelope parts,
               parse_wire<v1::Envelope>(bytes, Reading::kStrict, {.bytes_max = kEnvelopeBytesMax}));
  if (!parts.body_digest().empty()) {
    CHANCERY_TRY_VOID(check_length("body digest", parts.body_digest().size(), 32));
    if (!parts.body().empty()) {
      return fail(ErrorCode::kMalformed, "a body and the digest of one that was erased");
    }
  }
  return parts;
}

Hash digest_of_body(const v1::Envelope& parts) {
  return parts.body_digest().empty() ? body_digest(parts.body()) : hash_from(parts.body_digest());
}

Hash envelope_hash_of(const Hash& genesis, std::string_view header, const Hash& body) {
  return crypto::sha256({as_bytes(kNoticeLabel), genesis, sha256_of(header), body});
}

Result<void> parse_body(Envelope& envelope) {
  CHANCERY_TRY(envelope.body, parse_wire<v1::Body>(envelope.body_bytes, Reading::kStrict,
                                                   {.bytes_max = kBodyBytesMax,
                                                    .element_count_max = kBodyElementsMax}));
  if (envelope.body.form_case() == v1::Body::FORM_NOT_SET) {
    return fail(ErrorCode::kMalformed, "the body is neither sealed nor clear");
  }
  return envelope.sealed() ? check_sealed(envelope.body.sealed()) : Result<void>();
}

}  // namespace

Hash genesis_hash(std::string_view header, std::string_view body) {
  return crypto::sha256({as_bytes(kGenesisLabel), sha256_of(header), sha256_of(body)});
}

Hash notice_hash(const Hash& genesis, std::string_view draft) {
  return crypto::sha256({as_bytes(kDraftLabel), genesis, sha256_of(draft)});
}

Hash envelope_hash(const Hash& genesis, std::string_view header, std::string_view body) {
  return envelope_hash_of(genesis, header, body_digest(body));
}

Hash body_digest(std::string_view body) {
  return sha256_of(body);
}

Hash entry_hash(const Hash& d, std::string_view signatures) {
  return crypto::sha256({as_bytes(kEntryLabel), d, sha256_of(signatures)});
}

Hash text_digest(std::string_view plaintext) {
  return crypto::sha256({as_bytes(kTextLabel), as_bytes(plaintext)});
}

std::string Envelope::bytes() const {
  return erased.has_value() ? erased_bytes(header_bytes, *erased, signatures_bytes)
                            : envelope_bytes(header_bytes, body_bytes, signatures_bytes);
}

std::vector<std::string> Envelope::recipient_codes() const {
  std::vector<std::string> codes;
  codes.reserve(static_cast<std::size_t>(draft.recipients_size()));
  for (const v1::Recipient& recipient : draft.recipients()) {
    codes.push_back(recipient.member());
  }
  return codes;
}

const v1::Signature* Envelope::batch_signature() const {
  const auto found = std::ranges::find_if(signatures.signatures(), &v1::Signature::has_batch);
  return found == signatures.signatures().end() ? nullptr : &*found;
}

std::string Envelope::name() const {
  return draft.origin() + " " + uuid_text(as_bytes(draft.notice_id()));
}

std::string envelope_bytes(std::string_view header, std::string_view body,
                           std::string_view signatures) {
  v1::Envelope envelope;
  envelope.set_header(std::string(header));
  envelope.set_body(std::string(body));
  envelope.set_signatures(std::string(signatures));
  return envelope.SerializeAsString();
}

std::string erased_bytes(std::string_view header, const Hash& body_digest,
                         std::string_view signatures) {
  v1::Envelope envelope;
  envelope.set_header(std::string(header));
  envelope.set_signatures(std::string(signatures));
  envelope.set_body_digest(to_string(body_digest));
  return envelope.SerializeAsString();
}

Result<void> check_draft(const v1::Draft& draft) {
  if (!is_member_code(draft.origin())) {
    return fail(ErrorCode::kMalformed, "origin '" + draft.origin() + "' is not a member code");
  }
  if (!is_uuid_v7(as_bytes(draft.notice_id()))) {
    return fail(ErrorCode::kMalformed, "notice_id is not a UUIDv7");
  }
  if (!is_kind(draft.kind())) {
    return fail(ErrorCode::kInvalidKind, "'" + draft.kind() + "'");
  }
  if (draft.status() == v1::STATUS_UNSPECIFIED ||
      draft.precedence() == v1::PRECEDENCE_UNSPECIFIED) {
    return fail(ErrorCode::kMalformed, "status and precedence are required");
  }
  if (draft.expires_at_ms() > kUnixMsMax) {
    return fail(ErrorCode::kMalformed, "expires_at is out of range");
  }
  CHANCERY_TRY_VOID(check_label(draft.label()));
  CHANCERY_TRY_VOID(check_recipients(draft));
  return check_length("text_digest", draft.text_digest().size(), 32);
}

Result<Envelope> parse_envelope(std::string_view bytes, const Hash& genesis, Bodies bodies) {
  CHANCERY_TRY(v1::Envelope parts, parse_parts(bytes));
  const Hash digest = digest_of_body(parts);
  Envelope envelope;
  if (!parts.body_digest().empty()) {
    if (bodies == Bodies::kThere) {
      return fail(ErrorCode::kBodyErased, "the envelope has the digest of its body only");
    }
    envelope.erased = digest;
  }
  envelope.header_bytes = std::move(*parts.mutable_header());
  envelope.body_bytes = std::move(*parts.mutable_body());
  envelope.signatures_bytes = std::move(*parts.mutable_signatures());

  CHANCERY_TRY(envelope.header, parse_wire<v1::Header>(envelope.header_bytes, Reading::kStrict,
                                                       {.bytes_max = kHeaderBytesMax}));
  CHANCERY_TRY_VOID(check_header(envelope.header));
  CHANCERY_TRY(envelope.draft, parse_wire<v1::Draft>(envelope.header.draft()));
  CHANCERY_TRY_VOID(check_draft(envelope.draft));

  if (!envelope.erased.has_value()) {
    CHANCERY_TRY_VOID(parse_body(envelope));
  }

  CHANCERY_TRY(envelope.signatures,
               parse_wire<v1::Signatures>(envelope.signatures_bytes, Reading::kStrict,
                                          {.bytes_max = kSignaturesBytesMax,
                                           .element_count_max = kSignaturesElementsMax}));
  CHANCERY_TRY_VOID(check_signatures(envelope.signatures));

  envelope.notice = notice_hash(genesis, envelope.header.draft());
  envelope.d = envelope_hash_of(genesis, envelope.header_bytes, digest);
  envelope.entry = entry_hash(envelope.d, envelope.signatures_bytes);
  return envelope;
}

Result<Hash> entry_of(std::string_view bytes, const Hash& genesis) {
  CHANCERY_TRY(const v1::Envelope parts, parse_parts(bytes));
  return entry_of(genesis, parts.header(), digest_of_body(parts), parts.signatures());
}

Hash entry_of(const Hash& genesis, std::string_view header, const Hash& body_digest,
              std::string_view signatures) {
  return entry_hash(envelope_hash_of(genesis, header, body_digest), signatures);
}

Result<Hash> genesis_of(std::string_view bytes) {
  CHANCERY_TRY(const v1::Envelope parts, parse_parts(bytes));
  return genesis_hash(parts.header(), parts.body());
}

}  // namespace chancery::exchange
