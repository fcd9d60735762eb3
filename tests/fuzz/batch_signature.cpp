// A signature with the path from an envelope to what was signed. First byte: 1 the root that the
// path leads to is signed here, so that a good signature stands at its end; second byte: the bit of
// the value that is then turned, from 1 on. Then D, and the Signature.
//
// Holds: what was signed here is good where its path fits its tree, and with any bit turned it is
// not; a root that was seen under one value is not seen under another.

#include "core/exchange/batch_signature.h"

#include <algorithm>

#include "core/crypto/signer.h"
#include "core/exchange/strict.h"
#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"

namespace chancery::fuzz {
namespace {

void run(Input& input) {
  static const std::unique_ptr<crypto::KeySigner> signer = test::key_signer("AM node 1 signing");
  const crypto::PublicKey& key = signer->public_key();
  const bool signs = input.flag();
  const std::size_t bit = input.byte();
  const Hash d = input.hash();
  auto parsed = exchange::parse_wire<v1::Signature>(input.rest(), exchange::Reading::kOpen);
  if (!parsed.has_value()) {
    return;
  }
  parsed->set_key_id(to_string(key.id()));
  parsed->mutable_value()->resize(crypto::kSignatureBytes);
  exchange::Signature signature = test::carried(*parsed);
  if (!signature.batch.has_value()) {
    return;
  }
  const exchange::Signature::Batch& batch = *signature.batch;
  const auto root = ledger::root_from_inclusion(ledger::leaf_hash(d), batch.leaf_index,
                                                batch.tree_size, batch.path);
  if (signs && root.has_value()) {
    const std::string message = exchange::batch_message({}, key.id(), batch.tree_size, *root);
    std::ranges::copy(as_bytes(test::must(signer->sign(as_bytes(message)))),
                      signature.value.begin());
  }
  exchange::RootCache cache(2);
  const auto verified = exchange::verify_batch_signature({}, d, signature, key, cache);
  CHANCERY_CHECK(verified.has_value() ? root.has_value() : cache.size() == 0);
  CHANCERY_CHECK(!signs || verified.has_value() == root.has_value());
  CHANCERY_CHECK(exchange::verify_batch_signature({}, d, signature, key, cache).has_value() ==
                 verified.has_value());
  if (!signs || !verified.has_value()) {
    return;
  }
  signature.value[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  CHANCERY_CHECK(!exchange::verify_batch_signature({}, d, signature, key, cache).has_value());
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::run(input);
  return 0;
}
