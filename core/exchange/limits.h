// The sizes and counts that signed messages may have. Each is checked before anything is allocated
// for it, and each has a test at the limit and one over. Source: protocol clauses C-20 to C-29.

#pragma once

#include <cstddef>
#include <cstdint>

namespace chancery::exchange {

inline constexpr std::size_t kHeaderBytesMax = 32U << 10U;
inline constexpr std::size_t kBodyBytesMax = 1U << 20U;
inline constexpr std::size_t kSignaturesBytesMax = 256U << 10U;
// Tags and lengths of the three parts of an envelope.
inline constexpr std::size_t kEnvelopeBytesMax =
    kHeaderBytesMax + kBodyBytesMax + kSignaturesBytesMax + 16;
inline constexpr std::size_t kRecipientCountMax = 1024;
inline constexpr std::size_t kHandlingCountMax = 16;
inline constexpr std::size_t kSignatureCountMax = 64;
inline constexpr std::size_t kBatchSizeMax = 4096;  // Envelopes under one signature.
inline constexpr std::size_t kBatchPathMax = 12;    // log2 of it.
inline constexpr std::size_t kStanzaCountMax = 4096;
// Elements of the largest good body (a stanza is four) and signatures (one is at most six and a
// path): more are refused while they are bytes, before they cost memory.
inline constexpr std::uint32_t kBodyElementsMax = 4 * kStanzaCountMax + 2;
inline constexpr std::uint32_t kSignaturesElementsMax = kSignatureCountMax * (6 + kBatchPathMax);
inline constexpr std::size_t kKindBytesMax = 64;
// Any short text: names, classifications, handling codes, the origin line, the value of a state.
inline constexpr std::size_t kNameBytesMax = 200;
inline constexpr std::size_t kInstanceBytes = 16;  // Of Hello.instance.
inline constexpr std::size_t kMemberCountMax = 1024;
inline constexpr std::size_t kNodesPerMemberMax = 8;
// Keys of a member's nodes and people that were ever accepted: all that the directory keeps for
// good grows with these, and a member's authority adds them alone.
inline constexpr std::size_t kKeysPerMemberMax = 2048;
inline constexpr std::size_t kSealingKeysPerNodeMax = 4;
inline constexpr std::size_t kPatternCountMax = 256;
inline constexpr std::size_t kClassificationCountMax = 32;
inline constexpr std::size_t kLogKeyCountMax = 8;
inline constexpr std::size_t kContinuationCountMax = 64;  // Of a log, over all its rosters.

inline constexpr std::uint64_t kUnixMsMax = (1ULL << 48U) - 1;  // What a UUIDv7 can hold.

// Frames of the local API. The largest request is a publication: a text and its recipients.
inline constexpr std::size_t kRequestBytesMax = kBodyBytesMax + (256U << 10U);
inline constexpr std::size_t kFrameBytesMax = 4U << 20U;  // Of a reply.

// Link frames.
inline constexpr std::size_t kSubmitCountMax = 256;
inline constexpr std::size_t kDeliverCountMax = 256;
inline constexpr std::size_t kBatchesCountMax = 512;
inline constexpr std::size_t kDamagedCountMax = 256;           // Entries in a Damaged.
inline constexpr std::size_t kUpFrameBytesMax = 2U << 20U;     // From a node to the hub.
inline constexpr std::size_t kFrameBytesTarget = 512U << 10U;  // Frames are filled up to this.

}  // namespace chancery::exchange
