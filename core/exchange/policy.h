// Is this notice good? One answer for the hub at sequencing and for every node on receipt.
//
// A notice is judged by the directory state that its own leaf names, and by nothing else: who
// signed, whether the roster grants the kind, who may receive it, up to which classification,
// sealed or not and to whose keys, released by people or not. The first rule that fails names the
// error. What fails at a node after the hub logged it is void: shown to nobody, kept as evidence
// against the hub. Protocol chapter 7 (C-80 to C-99).

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "core/base/result.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"

namespace chancery::exchange {

// Everything about a notice (leaf type 1): signatures, policy, seal.
[[nodiscard]] Result<void> judge_notice(const Envelope& envelope, const Directory& directory,
                                        RootCache& cache);

// The part that needs no signature and no body: a node asks it before it promises an application
// anything. `sealed` says whether the notice is to be sealed.
[[nodiscard]] Result<void> judge_draft(const v1::Draft& draft, bool sealed,
                                       const Directory& directory);

// kExpired where the draft's expiry has passed by this clock. Asked by the origin's node and by the
// hub of what is not logged yet, each by its own clock; it makes nothing void that was logged.
[[nodiscard]] Result<void> check_not_expired(std::uint64_t expires_at_ms, std::uint64_t now_ms);

// kForeignLog unless the header names a head of this log as the one that its origin saw. `head` is
// the root at that size, where a batch of this log ended there before the notice was logged. It is
// the hub that must not log such a notice; to who finds it logged it says that somebody was shown
// another log.
[[nodiscard]] Result<void> check_log_seen(const Envelope& envelope,
                                          const std::optional<Hash>& head);

// Recipients as an application names them ("members", "all" or codes) to codes, ascending, without
// the origin. kPartnerNotNamed where "all" would reach a partner or observer that is not named
// beside it.
[[nodiscard]] Result<std::vector<v1::Recipient>> expand_recipients(
    std::span<const v1::Recipient> named, std::string_view origin, const Directory& directory);

// The sealing keys of now for a notice: each active node of each recipient and of the origin.
// kRecipientWithoutNode where one of them has none, or only a node whose sealing key is revoked.
[[nodiscard]] Result<std::vector<crypto::PublicKey>> sealing_keys_for(
    std::string_view origin, std::span<const std::string> recipient_codes,
    const Directory& directory);

// To whom an entry is delivered: recipients and origin of a notice, ascending; nobody of a
// directory entry, which comes with the log. C-139.
[[nodiscard]] std::vector<std::string> readers_of(const v1::Draft& draft);

// The handling code that keeps partners and observers out (C-86).
inline constexpr std::string_view kMembersOnly = "MEMBERS-ONLY";

}  // namespace chancery::exchange
