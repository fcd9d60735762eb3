#include "core/exchange/batch_signature.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/crypto/signer.h"
#include "core/exchange/envelope.h"
#include "core/exchange/limits.h"
#include "core/ledger/tree.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"
#include "tests/unit/core/ledger/reference_tree.h"

namespace chancery::exchange {
namespace {

using test::kGenesis;
using test::outcome;

std::vector<Hash> some_ds(std::size_t count) {
  std::vector<Hash> ds;
  ds.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ds.push_back(ledger::reference::hash_of("D " + std::to_string(i)));
  }
  return ds;
}

class BatchSignatureTest : public testing::Test {
 protected:
  // The signatures of a batch over these Ds.
  std::vector<v1::Signature> sign(const std::vector<Hash>& ds) {
    const BatchToSign batch(kGenesis, signer_->public_key().id(), ds);
    const std::string value = test::must(signer_->sign(as_bytes(batch.message())));
    std::vector<v1::Signature> signatures;
    signatures.reserve(ds.size());
    for (std::size_t i = 0; i < ds.size(); ++i) {
      signatures.push_back(batch.signature(i, value));
    }
    return signatures;
  }
  std::string verify(const Hash& d, const v1::Signature& signature, RootCache& cache,
                     const Hash& genesis = kGenesis) {
    return outcome(
        verify_batch_signature(genesis, d, test::carried(signature), signer_->public_key(), cache));
  }
  std::string verify_alone(const Hash& d, const v1::Signature& signature) {
    RootCache cache;
    return verify(d, signature, cache);
  }

  std::unique_ptr<crypto::KeySigner> signer_ = test::key_signer("a node");
};

// C-40
TEST_F(BatchSignatureTest, MessageFollowsItsLayout) {
  const Hash& key_id = signer_->public_key().id();
  const std::vector<Hash> ds = some_ds(5);
  ledger::reference::Entries entries;
  for (const Hash& d : ds) {
    entries.push_back(to_string(d));
  }
  const std::string expected = std::string("chancery/v1 batch\0", 18) + to_string(kGenesis) +
                               to_string(key_id) + std::string("\0\0\0\0\0\0\0\5", 8) +
                               to_string(ledger::reference::root(entries));
  EXPECT_EQ(BatchToSign(kGenesis, key_id, ds).message(), expected);
}

// C-43
TEST_F(BatchSignatureTest, ReleaseMessageFollowsItsLayout) {
  const std::string expected = std::string("chancery/v1 release\0", 20) + to_string(kGenesis) +
                               to_string(Hash{'k'}) + to_string(Hash{'n'});
  EXPECT_EQ(release_message(kGenesis, Hash{'k'}, Hash{'n'}), expected);
}

// C-41
TEST_F(BatchSignatureTest, ALoneEnvelopeIsABatchOfOne) {
  const std::vector<Hash> ds = some_ds(1);
  const v1::Signature signature = sign(ds).front();
  EXPECT_EQ(signature.batch().tree_size(), 1U);
  EXPECT_EQ(signature.batch().leaf_index(), 0U);
  EXPECT_EQ(signature.batch().path_size(), 0);
  EXPECT_EQ(verify_alone(ds[0], signature), "good");
}

// C-22, C-42: one signature serves a batch of any size up to the limit.
TEST_F(BatchSignatureTest, EveryEnvelopeOfABatchVerifies) {
  for (const std::size_t size : {1U, 2U, 3U, 255U, 256U, 4096U}) {
    const std::vector<Hash> ds = some_ds(size);
    const std::vector<v1::Signature> signatures = sign(ds);
    RootCache cache;
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(verify(ds[i], signatures[i], cache), "good") << i << " of " << size;
      ASSERT_LE(signatures[i].batch().path_size(), static_cast<int>(kBatchPathMax));
    }
    EXPECT_EQ(cache.size(), 1U) << size;  // One root: verified once.
  }
}

// C-42
TEST_F(BatchSignatureTest, APathLeadsFromItsOwnEnvelopeOnly) {
  for (const std::size_t size : {2U, 3U, 256U}) {
    const std::vector<Hash> ds = some_ds(size);
    const std::vector<v1::Signature> signatures = sign(ds);
    RootCache cache;
    ASSERT_EQ(verify(ds[0], signatures[0], cache), "good");
    for (std::size_t i = 1; i < size; ++i) {
      EXPECT_EQ(verify(ds[i], signatures[0], cache), "bad-signature") << i;
    }
    EXPECT_EQ(verify(Hash{'x'}, signatures[0], cache), "bad-signature");
    EXPECT_EQ(cache.size(), 1U);  // What failed is not remembered.
  }
}

// C-42
TEST_F(BatchSignatureTest, AnAlteredPathIsRefused) {
  const std::vector<Hash> ds = some_ds(6);
  const std::vector<v1::Signature> signatures = sign(ds);
  RootCache cache;
  ASSERT_EQ(verify(ds[2], signatures[2], cache), "good");
  const auto altered = [&](const auto& change) {
    v1::Signature signature = signatures[2];
    change(*signature.mutable_batch());
    return verify(ds[2], signature, cache);
  };
  using P = v1::BatchPath;
  EXPECT_EQ(altered([](P& p) { (*p.mutable_path(0))[0] ^= 1; }), "bad-signature");
  EXPECT_EQ(altered([](P& p) { p.mutable_path()->SwapElements(0, 1); }), "bad-signature");
  EXPECT_EQ(altered([](P& p) { p.mutable_path()->RemoveLast(); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.add_path(p.path(0)); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.clear_path(); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.set_leaf_index(3); }), "bad-signature");
  EXPECT_EQ(altered([](P& p) { p.set_leaf_index(6); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.set_leaf_index(~std::uint64_t{0}); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.set_tree_size(5); }), "bad-signature");
  EXPECT_EQ(altered([](P& p) { p.set_tree_size(8); }), "bad-signature");
  EXPECT_EQ(altered([](P& p) { p.set_tree_size(2); }), "bad-batch-path");
  EXPECT_EQ(altered([](P& p) { p.clear_tree_size(); }), "bad-batch-path");
}

// C-40: the signature says for which exchange, by which key, for which purpose.
TEST_F(BatchSignatureTest, AnotherExchangeKeyOrPurposeIsRefused) {
  const std::vector<Hash> ds = some_ds(1);
  v1::Signature signature = sign(ds).front();
  RootCache cache;
  EXPECT_EQ(verify(ds[0], signature, cache, Hash{'h'}), "bad-signature");

  const std::unique_ptr<crypto::KeySigner> other = test::key_signer("another node");
  v1::Signature renamed = signature;
  renamed.set_key_id(to_string(other->public_key().id()));
  EXPECT_EQ(outcome(verify_batch_signature(kGenesis, ds[0], test::carried(renamed),
                                           other->public_key(), cache)),
            "bad-signature");

  // Signed by the right key over the right root, under a label for something else.
  std::string message = BatchToSign(kGenesis, signer_->public_key().id(), ds).message();
  message.replace(message.find("batch"), 5, "patch");
  signature.set_value(test::must(signer_->sign(as_bytes(message))));
  EXPECT_EQ(verify(ds[0], signature, cache), "bad-signature");
  signature.set_value(test::must(
      signer_->sign(as_bytes(release_message(kGenesis, signer_->public_key().id(), ds[0])))));
  EXPECT_EQ(verify(ds[0], signature, cache), "bad-signature");
  EXPECT_EQ(cache.size(), 0U);
}

// C-44: the entry hash covers the value, so a root that is known does not excuse another value.
TEST_F(BatchSignatureTest, AKnownRootWithAnotherValueIsRefused) {
  const std::vector<Hash> ds = some_ds(3);
  std::vector<v1::Signature> signatures = sign(ds);
  RootCache cache;
  ASSERT_EQ(verify(ds[0], signatures[0], cache), "good");
  for (std::size_t i = 0; i < crypto::kSignatureBytes; ++i) {
    v1::Signature altered = signatures[1];
    (*altered.mutable_value())[i] ^= 1;
    EXPECT_EQ(verify(ds[1], altered, cache), "bad-signature") << i;
  }
  EXPECT_EQ(verify(ds[1], signatures[1], cache), "good");
  EXPECT_EQ(cache.size(), 1U);
}

// C-42, C-44: what is known of a batch excuses no part of another envelope's signature.
TEST_F(BatchSignatureTest, AKnownBatchExcusesNoHashOfAnotherPath) {
  const std::unique_ptr<crypto::KeySigner> other = test::key_signer("another node");
  for (const std::size_t size : {2U, 5U, 6U, 8U}) {
    const std::vector<Hash> ds = some_ds(size);
    const std::vector<v1::Signature> signatures = sign(ds);
    for (std::size_t known = 0; known < size; ++known) {
      for (std::size_t i = 0; i < size; ++i) {
        RootCache cache;
        ASSERT_EQ(verify(ds[known], signatures[known], cache), "good");
        for (int hash = 0; hash < signatures[i].batch().path_size(); ++hash) {
          v1::Signature altered = signatures[i];
          (*altered.mutable_batch()->mutable_path(hash))[31] ^= 1;
          EXPECT_EQ(verify(ds[i], altered, cache), "bad-signature") << hash << " of " << i;
        }
        v1::Signature resized = signatures[i];
        resized.mutable_batch()->set_tree_size(size + 8);
        EXPECT_NE(verify(ds[i], resized, cache), "good");
        EXPECT_EQ(verify(ds[i], signatures[i], cache, Hash{'h'}), "bad-signature");
        v1::Signature renamed = signatures[i];
        renamed.set_key_id(to_string(other->public_key().id()));
        EXPECT_EQ(outcome(verify_batch_signature(kGenesis, ds[i], test::carried(renamed),
                                                 other->public_key(), cache)),
                  "bad-signature");
        EXPECT_EQ(verify(ds[i], signatures[i], cache), "good");
      }
    }
  }
}

// Any number of batches may be under way at a time; what is known of a batch may be forgotten.
TEST_F(BatchSignatureTest, OnePathIsKeptOfEachOfTheNewestBatches) {
  constexpr std::size_t kForgotten = 4;
  std::vector<std::vector<Hash>> ds;
  std::vector<std::vector<v1::Signature>> signatures;
  RootCache cache;
  for (std::size_t batch = 0; batch < RootCache::kPathsMax + kForgotten; ++batch) {
    ds.push_back(some_ds(3 + batch));
    signatures.push_back(sign(ds.back()));
    EXPECT_EQ(verify(ds[batch][0], signatures[batch][0], cache), "good");
  }
  const std::vector<Hash> lone = some_ds(1);  // Nobody shares its path.
  EXPECT_EQ(verify(lone[0], sign(lone).front(), cache), "good");
  for (std::size_t batch = 0; batch < ds.size(); ++batch) {
    EXPECT_EQ(cache.follows(kGenesis, test::carried(signatures[batch][1]),
                            ledger::leaf_hash(ds[batch][1])),
              batch >= kForgotten);
  }
  for (std::size_t batch = 0; batch < ds.size(); ++batch) {
    EXPECT_EQ(verify(ds[batch][2], signatures[batch][2], cache), "good");
  }
}

// The value counts as well: another one under the same root is looked at.
TEST_F(BatchSignatureTest, WhatWasSignedHereIsGoodAndNothingElse) {
  const std::vector<Hash> ds = some_ds(3);
  const BatchToSign to_sign(kGenesis, signer_->public_key().id(), ds);
  const std::string made(crypto::kSignatureBytes, 'm');  // No verification would find it good.
  RootCache cache;
  cache.insert(to_sign.message(), as_bytes(made));
  EXPECT_EQ(verify(ds[1], to_sign.signature(1, made), cache), "good");
  const std::string other(crypto::kSignatureBytes, 'o');
  EXPECT_EQ(verify(ds[1], to_sign.signature(1, other), cache), "bad-signature");
}

TEST(RootCacheTest, IsBoundedAndForgetsTheOldestFirst) {
  const Bytes value = as_bytes("value");
  RootCache cache(2);
  cache.insert("1", value);
  cache.insert("2", value);
  cache.insert("2", value);
  EXPECT_EQ(cache.size(), 2U);
  cache.insert("3", value);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_FALSE(cache.contains("1", value));
  EXPECT_TRUE(cache.contains("2", value));
  EXPECT_TRUE(cache.contains("3", value));
  EXPECT_FALSE(cache.contains("3", as_bytes("another")));
}

TEST(BatchToSignDeathTest, HoldsAtLeastOneAndAtMostTheLimit) {
  EXPECT_DEATH(BatchToSign(kGenesis, Hash{}, std::vector<Hash>{}), "invariant");
  EXPECT_DEATH(BatchToSign(kGenesis, Hash{}, std::vector<Hash>(kBatchSizeMax + 1)), "invariant");
}

}  // namespace
}  // namespace chancery::exchange
