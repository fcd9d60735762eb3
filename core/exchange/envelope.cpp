#include "core/exchange/envelope.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/limits.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"
#include "core/exchange/wire_parts.h"

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

Result<void> read_batch(Signature::Batch& batch, std::string_view bytes) {
  batch.leaf_index = 0;
  batch.tree_size = 0;
  batch.path.clear();
  std::size_t path_size = 0;
  for (Fields fields(bytes); fields.next();) {
    switch (fields.number()) {
      case v1::BatchPath::kLeafIndexFieldNumber:
        batch.leaf_index = fields.value();
        break;
      case v1::BatchPath::kTreeSizeFieldNumber:
        batch.tree_size = fields.value();
        break;
      default:
        ++path_size;
    }
  }
  CHANCERY_TRY_VOID(check_at_most("signed batch size", batch.tree_size, kBatchSizeMax));
  CHANCERY_TRY_VOID(check_at_most("batch path", path_size, kBatchPathMax));
  for (Fields fields(bytes); fields.next();) {
    if (fields.number() == v1::BatchPath::kPathFieldNumber) {
      CHANCERY_TRY_VOID(check_length("batch path hash", fields.bytes().size(), 32));
      batch.path.push_back(hash_from(fields.bytes()));
    }
  }
  return {};
}

Result<void> read_signature(Signature& signature, std::string_view bytes, const Hash* last_key_id) {
  std::string_view key_id;
  std::string_view value;
  std::optional<std::string_view> batch;
  bool has_form = false;
  for (Fields fields(bytes); fields.next();) {
    switch (fields.number()) {
      case v1::Signature::kKeyIdFieldNumber:
        key_id = fields.bytes();
        break;
      case v1::Signature::kValueFieldNumber:
        value = fields.bytes();
        break;
      default:
        has_form = true;
        if (fields.number() == v1::Signature::kBatchFieldNumber) {
          batch = fields.bytes();
        }
    }
  }
  CHANCERY_TRY_VOID(check_length("key id", key_id.size(), signature.key_id.size()));
  CHANCERY_TRY_VOID(check_length("signature", value.size(), signature.value.size()));
  signature.key_id = hash_from(key_id);
  std::ranges::copy(as_bytes(value), signature.value.begin());
  if (last_key_id != nullptr && signature.key_id <= *last_key_id) {
    return fail(ErrorCode::kNotCanonical, "signatures ascend by key id, each once");
  }
  if (!has_form) {
    return fail(ErrorCode::kMalformed, "a signature is a batch signature or a release");
  }
  if (!batch.has_value()) {
    signature.batch.reset();
    return {};
  }
  if (!signature.batch.has_value()) {
    signature.batch = Signature::Batch();
  }
  return read_batch(*signature.batch, *batch);
}

Result<void> read_signatures(std::vector<Signature>& signatures, std::string_view bytes) {
  CHANCERY_TRY_VOID(
      check_wire(bytes, *v1::Signatures::descriptor(), Reading::kStrict,
                 {.bytes_max = kSignaturesBytesMax, .element_count_max = kSignaturesElementsMax}));
  std::size_t count = 0;
  for (Fields fields(bytes); fields.next();) {
    ++count;
  }
  CHANCERY_TRY_VOID(check_at_most("signatures", count, kSignatureCountMax));
  signatures.resize(count);
  std::size_t position = 0;
  for (Fields fields(bytes); fields.next(); ++position) {
    CHANCERY_TRY_VOID(read_signature(signatures[position], fields.bytes(),
                                     position > 0 ? &signatures[position - 1].key_id : nullptr));
  }
  return {};
}

// Of an envelope, where they lie in its bytes.
struct EnvelopeParts {
  std::string_view header;
  std::string_view body;
  std::string_view signatures;
  std::string_view body_digest;
};

Result<EnvelopeParts> read_parts(std::string_view bytes) {
  CHANCERY_TRY_VOID(check_wire(bytes, *v1::Envelope::descriptor(), Reading::kStrict,
                               {.bytes_max = kEnvelopeBytesMax}));
  EnvelopeParts parts;
  for (Fields fields(bytes); fields.next();) {
    switch (fields.number()) {
      case v1::Envelope::kHeaderFieldNumber:
        parts.header = fields.bytes();
        break;
      case v1::Envelope::kBodyFieldNumber:
        parts.body = fields.bytes();
        break;
      case v1::Envelope::kSignaturesFieldNumber:
        parts.signatures = fields.bytes();
        break;
      default:
        parts.body_digest = fields.bytes();
    }
  }
  if (!parts.body_digest.empty()) {
    CHANCERY_TRY_VOID(check_length("body digest", parts.body_digest.size(), 32));
    if (!parts.body.empty()) {
      return fail(ErrorCode::kMalformed, "a body and the digest of one that was erased");
    }
  }
  return parts;
}

Hash digest_of_body(const EnvelopeParts& parts) {
  return parts.body_digest.empty() ? body_digest(parts.body) : hash_from(parts.body_digest);
}

Hash envelope_hash_of(const Hash& genesis, std::string_view header, const Hash& body) {
  return crypto::sha256({as_bytes(kNoticeLabel), genesis, sha256_of(header), body});
}

Result<void> read_draft(Envelope& envelope) {
  const std::string_view bytes = envelope.header.draft();
  const bool is_there = !envelope.draft.notice_id().empty();  // Who took the draft left no id.
  if (is_there && envelope.draft_form.fits(bytes)) {
    const std::string_view notice_id = envelope.draft_form.notice_id(bytes);
    const std::string_view text_digest = envelope.draft_form.text_digest(bytes);
    if (is_uuid_v7(as_bytes(notice_id))) {
      envelope.draft.set_notice_id(notice_id.data(), notice_id.size());
      envelope.draft.set_text_digest(text_digest.data(), text_digest.size());
      return {};
    }
  }
  envelope.draft_form = DraftForm();
  CHANCERY_TRY_VOID(parse_wire_into(envelope.draft, bytes));
  CHANCERY_TRY_VOID(check_draft(envelope.draft));
  envelope.draft_form = DraftForm(bytes);
  return {};
}

Result<void> parse_body(Envelope& envelope) {
  CHANCERY_TRY_VOID(
      parse_wire_into(envelope.body, envelope.body_bytes, Reading::kStrict,
                      {.bytes_max = kBodyBytesMax, .element_count_max = kBodyElementsMax}));
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

const Signature* Envelope::batch_signature() const {
  const auto found = std::ranges::find_if(
      signatures, [](const Signature& signature) { return signature.batch.has_value(); });
  return found == signatures.end() ? nullptr : &*found;
}

std::string Envelope::name() const {
  return draft.origin() + " " + uuid_text(as_bytes(draft.notice_id()));
}

std::string envelope_bytes(std::string_view header, std::string_view body,
                           std::string_view signatures) {
  std::string bytes;
  set_envelope_bytes(bytes, header, body, signatures);
  return bytes;
}

void set_envelope_bytes(std::string& bytes, std::string_view header, std::string_view body,
                        std::string_view signatures) {
  bytes.clear();
  bytes.reserve(header.size() + body.size() + signatures.size() + 3 * kPartPrefixMax);
  append_part(bytes, v1::Envelope::kHeaderFieldNumber, header);
  append_part(bytes, v1::Envelope::kBodyFieldNumber, body);
  append_part(bytes, v1::Envelope::kSignaturesFieldNumber, signatures);
}

std::string erased_bytes(std::string_view header, const Hash& body_digest,
                         std::string_view signatures) {
  std::string bytes;
  bytes.reserve(header.size() + signatures.size() + body_digest.size() + 3 * kPartPrefixMax);
  append_part(bytes, v1::Envelope::kHeaderFieldNumber, header);
  append_part(bytes, v1::Envelope::kSignaturesFieldNumber, signatures);
  append_part(bytes, v1::Envelope::kBodyDigestFieldNumber, as_view(body_digest));
  return bytes;
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

Result<void> parse_envelope_into(Envelope& envelope, std::string_view bytes, const Hash& genesis,
                                 Bodies bodies) {
  CHANCERY_TRY(const EnvelopeParts parts, read_parts(bytes));
  const Hash digest = digest_of_body(parts);
  envelope.erased.reset();
  envelope.body.Clear();
  if (!parts.body_digest.empty()) {
    if (bodies == Bodies::kThere) {
      return fail(ErrorCode::kBodyErased, "the envelope has the digest of its body only");
    }
    envelope.erased = digest;
  }
  envelope.header_bytes = parts.header;
  envelope.body_bytes = parts.body;
  envelope.signatures_bytes = parts.signatures;

  CHANCERY_TRY_VOID(parse_wire_into(envelope.header, envelope.header_bytes, Reading::kStrict,
                                    {.bytes_max = kHeaderBytesMax}));
  CHANCERY_TRY_VOID(check_header(envelope.header));
  CHANCERY_TRY_VOID(read_draft(envelope));

  if (!envelope.erased.has_value()) {
    CHANCERY_TRY_VOID(parse_body(envelope));
  }
  CHANCERY_TRY_VOID(read_signatures(envelope.signatures, envelope.signatures_bytes));

  envelope.notice = notice_hash(genesis, envelope.header.draft());
  envelope.d = envelope_hash_of(genesis, envelope.header_bytes, digest);
  envelope.entry = entry_hash(envelope.d, envelope.signatures_bytes);
  return {};
}

Result<Envelope> parse_envelope(std::string_view bytes, const Hash& genesis, Bodies bodies) {
  Envelope envelope;
  CHANCERY_TRY_VOID(parse_envelope_into(envelope, bytes, genesis, bodies));
  return envelope;
}

Result<Hash> entry_of(std::string_view bytes, const Hash& genesis) {
  CHANCERY_TRY(const EnvelopeParts parts, read_parts(bytes));
  return entry_of(genesis, parts.header, digest_of_body(parts), parts.signatures);
}

Hash entry_of(const Hash& genesis, std::string_view header, const Hash& body_digest,
              std::string_view signatures) {
  return entry_hash(envelope_hash_of(genesis, header, body_digest), signatures);
}

Result<Hash> genesis_of(std::string_view bytes) {
  CHANCERY_TRY(const EnvelopeParts parts, read_parts(bytes));
  return genesis_hash(parts.header, parts.body);
}

}  // namespace chancery::exchange
