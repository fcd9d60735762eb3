#include "core/crypto/keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/evp.h"
#include "core/crypto/secret.h"
#include "core/crypto/sha256.h"

namespace chancery::crypto {
namespace {

using std::string_view_literals::operator""sv;

// RFC 8410: SEQUENCE { SEQUENCE { OID 1.3.101.112 or .110 }, BIT STRING of 32 bytes }.
constexpr std::string_view kSpkiEd25519 = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"sv;
constexpr std::string_view kSpkiX25519 = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00"sv;
// RFC 8410 section 7: SEQUENCE { version 0, algorithm, OCTET STRING { OCTET STRING of 32 bytes } }.
constexpr std::string_view kPkcs8Ed25519 =
    "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"sv;
constexpr std::string_view kPkcs8X25519 =
    "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20"sv;

constexpr std::string_view kPemBegin = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view kPemEnd = "-----END PRIVATE KEY-----";
constexpr std::size_t kPemTextSize = 64;

std::string_view spki_prefix(Algorithm algorithm) {
  return algorithm == Algorithm::kEd25519 ? kSpkiEd25519 : kSpkiX25519;
}

std::string_view pkcs8_prefix(Algorithm algorithm) {
  return algorithm == Algorithm::kEd25519 ? kPkcs8Ed25519 : kPkcs8X25519;
}

// y of the eight Ed25519 points whose order divides 8, little-endian: 0 and its second spelling p,
// 1 and its second spelling p + 1, -1, and the two of order 8. The sign bit of x is bit 255.
constexpr std::array kSmallOrderEd25519 = {
    "0000000000000000000000000000000000000000000000000000000000000000"sv,
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "0100000000000000000000000000000000000000000000000000000000000000"sv,
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"sv,
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"sv,
};
// u of the points of order dividing 8 on Curve25519 and its twist: 0, p, 1, p + 1, -1, and the two
// of order 8. Bit 255 is ignored by X25519.
constexpr std::array kSmallOrderX25519 = {
    "0000000000000000000000000000000000000000000000000000000000000000"sv,
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "0100000000000000000000000000000000000000000000000000000000000000"sv,
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"sv,
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"sv,
};

bool is_small_order(Algorithm algorithm, std::string_view coordinate_hex) {
  const auto& list = algorithm == Algorithm::kEd25519 ? kSmallOrderEd25519 : kSmallOrderX25519;
  return std::ranges::find(list, coordinate_hex) != list.end();
}

// At least p = 2^255 - 19, bit 255 set aside.
bool is_unreduced(const Hash& coordinate) {
  return coordinate[31] == 0x7fU && coordinate[0] >= 0xedU &&
         std::all_of(coordinate.begin() + 1, coordinate.end() - 1,
                     [](std::uint8_t byte) { return byte == 0xffU; });
}

std::string spki_of(Algorithm algorithm, Bytes raw) {
  return std::string(spki_prefix(algorithm)).append(as_view(raw));
}

}  // namespace

PublicKey::PublicKey(Algorithm algorithm, Bytes raw)
    : algorithm_(algorithm), spki_(spki_of(algorithm, raw)), id_(sha256({as_bytes(spki_)})) {}

Result<PublicKey> PublicKey::from_raw(Algorithm algorithm, Bytes raw) {
  if (raw.size() != kKeyBytes) {
    return fail(ErrorCode::kMalformed,
                "a public key has 32 bytes, found " + std::to_string(raw.size()));
  }
  Hash coordinate = hash_from(as_view(raw));
  const bool top_bit = (coordinate[31] & 0x80U) != 0;
  coordinate[31] &= 0x7fU;
  // First, so that a small-order point is called that in each of its spellings. This also settles
  // RFC 8032 section 5.1.3 step 4: x is 0, and has no sign, for y = 1 and y = -1 only.
  if (is_small_order(algorithm, hex(coordinate))) {
    return fail(ErrorCode::kKeySmallOrder, hex(raw));
  }
  if (is_unreduced(coordinate) || (top_bit && algorithm == Algorithm::kX25519)) {
    return fail(ErrorCode::kKeyNotCanonical, hex(raw));
  }
  return PublicKey(algorithm, raw);
}

Result<PublicKey> PublicKey::from_spki(Bytes der) {
  if (der.size() == kSpkiBytes) {
    for (const Algorithm algorithm : {Algorithm::kEd25519, Algorithm::kX25519}) {
      if (as_view(der).starts_with(spki_prefix(algorithm))) {
        return from_raw(algorithm, der.last(kKeyBytes));
      }
    }
  }
  return fail(ErrorCode::kMalformed, "not the DER of an Ed25519 or X25519 public key");
}

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrivateKey::PrivateKey(PrivateKey&& other) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept = default;
PrivateKey::~PrivateKey() = default;

Result<PrivateKey> PrivateKey::from_seed(Algorithm algorithm, Bytes seed) {
  if (seed.size() != kKeyBytes) {
    return fail(ErrorCode::kMalformed,
                "a private key has 32 bytes, found " + std::to_string(seed.size()));
  }
  const char* const name = algorithm == Algorithm::kEd25519 ? "ED25519" : "X25519";
  EvpPkey pkey{
      EVP_PKEY_new_raw_private_key_ex(library_context(), name, nullptr, seed.data(), seed.size())};
  CHANCERY_CHECK(pkey != nullptr);
  Hash raw{};
  std::size_t length = raw.size();
  const int gotten = EVP_PKEY_get_raw_public_key(pkey.get(), raw.data(), &length);
  CHANCERY_CHECK(gotten == 1 && length == kKeyBytes);
  CHANCERY_TRY(PublicKey public_key, PublicKey::from_raw(algorithm, raw));
  return PrivateKey(std::make_unique<Impl>(Impl{std::move(pkey), std::move(public_key)}));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const auto malformed = [] {
    return fail(ErrorCode::kMalformed, "not a PEM private key as `openssl genpkey` writes them");
  };
  // The ends of its lines may be another system's, and the last may have none.
  const auto skip = [&](std::string_view expected) {
    const bool there = pem.starts_with(expected);
    pem.remove_prefix(there ? expected.size() : 0);
    return there;
  };
  const auto skip_line_end = [&] {
    (void)skip("\r");
    return skip("\n");
  };
  if (!skip(kPemBegin) || !skip_line_end() || pem.size() < kPemTextSize) {
    return malformed();
  }
  const std::string_view text = pem.substr(0, kPemTextSize);
  pem.remove_prefix(kPemTextSize);
  if (!skip_line_end() || !skip(kPemEnd)) {
    return malformed();
  }
  (void)skip_line_end();
  if (!pem.empty()) {
    return malformed();
  }
  Result<std::string> der = from_base64(text);
  if (!der.has_value() || der->size() != kPkcs8Ed25519.size() + kKeyBytes) {
    return malformed();
  }
  const WipeAtEnd wiped(*der);
  for (const Algorithm algorithm : {Algorithm::kEd25519, Algorithm::kX25519}) {
    if (der->starts_with(pkcs8_prefix(algorithm))) {
      return from_seed(algorithm, as_bytes(*der).last(kKeyBytes));
    }
  }
  return malformed();
}

const PublicKey& PrivateKey::public_key() const {
  return impl_->public_key;
}

std::string PrivateKey::to_pem() const {
  std::string seed = raw();
  const WipeAtEnd seed_wiped(seed);
  std::string der(pkcs8_prefix(public_key().algorithm()));
  const WipeAtEnd der_wiped(der);
  der.reserve(der.size() + seed.size());
  der += seed;
  std::string text = base64(as_bytes(der));
  const WipeAtEnd text_wiped(text);
  std::string pem;
  pem.reserve(kPemBegin.size() + text.size() + kPemEnd.size() + 3);
  for (const std::string_view line : {kPemBegin, std::string_view(text), kPemEnd}) {
    pem.append(line).push_back('\n');
  }
  return pem;
}

std::string PrivateKey::raw() const {
  std::string seed(kKeyBytes, '\0');
  std::size_t length = seed.size();
  const int gotten = EVP_PKEY_get_raw_private_key(
      impl_->pkey.get(), reinterpret_cast<unsigned char*>(seed.data()), &length);
  CHANCERY_CHECK(gotten == 1 && length == kKeyBytes);
  return seed;
}

}  // namespace chancery::crypto
