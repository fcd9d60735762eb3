// From drafts in the outbox to signed envelopes: when to sign, and what. Pure.
//
// A node signs what is waiting when nothing of its own is unacknowledged, or when a full batch
// waits; an urgent notice never waits. So at rest a notice goes at once, and under load one
// signature and one content key serve hundreds: those that go to the same recipients. Sets are not
// mixed, since a path and a tree size would show a recipient how much goes to others. Stamping
// again makes a new envelope over the same draft. Protocol chapters 3 to 5.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"

namespace chancery::node {

inline constexpr std::size_t kSignedTogetherMax = 256;

// What the outbox holds of a notice before it is signed.
struct Waiting {
  std::string notice_id;
  std::string draft;  // Exact bytes.
  std::string text;   // The padded plaintext, or the clear text.
  bool sealed = true;
  v1::Precedence precedence = v1::PRECEDENCE_ROUTINE;
};

// How many of the waiting are urgent. `waiting` is in the order of the outbox, urgent first.
[[nodiscard]] std::size_t count_urgent(std::span<const Waiting> waiting);

// How many of the waiting to sign now: all, or the urgent only, or none.
[[nodiscard]] std::size_t count_to_sign(std::span<const Waiting> waiting,
                                        std::size_t unacknowledged_count);

// What a node may have signed and not yet logged: no more than a hub takes of one member at once
// (broker/core/admission.h), and no more than is read into memory to be sent again. A part of it is
// for the urgent: they go over a backlog that the hub does not take.
struct SigningWindow {
  std::size_t count_max = 1280;
  std::size_t bytes_max = 8U << 20U;      // Of drafts and padded texts.
  std::size_t reserve_count = 256;        // Of count_max, for the urgent.
  std::size_t reserve_bytes = 2U << 20U;  // Of bytes_max.
};

// How many of `waiting` fit beside what is unacknowledged. One always does where nothing is.
[[nodiscard]] std::size_t count_that_fits(std::span<const Waiting> waiting,
                                          std::size_t unacknowledged_count,
                                          std::size_t unacknowledged_bytes,
                                          const SigningWindow& window = {});

struct Stamped {
  std::string notice_id;
  std::string header;
  std::string body;
  std::uint64_t created_at_us = 0;
  v1::Precedence precedence = v1::PRECEDENCE_ROUTINE;
  std::shared_ptr<const v1::Draft> draft{};  // Its own, or one of its form (draft_form.h).
  std::size_t set = 0;                       // Its place in StampedBatch::sets …
  std::size_t position = 0;                  // … and among the Ds there.
};

// A notice that cannot be stamped under the directory of now; the others of its batch go on.
struct Unstampable {
  std::string notice_id;
  Error error;
};

struct StampedBatch {
  std::vector<Stamped> notices;  // In the order of the outbox, in which their times rise.
  std::vector<Unstampable> refused;
  // The Ds to sign together, for each recipient set; a set comes when its first notice does, and
  // again where the one before is full.
  std::vector<std::vector<Hash>> sets;
};

struct StampInput {
  const exchange::Directory* directory = nullptr;
  std::string origin;
  v1::TreeHead log_seen;
  std::uint64_t now_us = 0;
  std::uint64_t created_at_last_us = 0;  // Of this signing key: what is stamped comes after it.
  std::size_t batch_size_max = kSignedTogetherMax;  // Of a set, 1 at least; the next begins one.
};

// Bytes of randomness that stamp() takes for these notices, at most.
[[nodiscard]] std::size_t random_bytes_needed(std::span<const Waiting> waiting,
                                              const exchange::Directory& directory);

[[nodiscard]] StampedBatch stamp(std::span<const Waiting> waiting, const StampInput& input,
                                 std::string_view random);

// One of StampedBatch::sets with the signer's answer.
struct SignedSet {
  exchange::BatchToSign to_sign;
  std::string value;
};

struct SignedEnvelope {
  std::string bytes;
  Hash entry{};  // E
};

// The envelopes of the batch's first notices, given its first sets. A signer may fail between two
// sets: nothing that comes after a notice without a signature is taken, so that order is kept.
[[nodiscard]] std::vector<SignedEnvelope> signed_envelopes(const StampedBatch& batch,
                                                           std::span<const SignedSet> signed_sets);

}  // namespace chancery::node
