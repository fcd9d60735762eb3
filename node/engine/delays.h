// How long a node waits before it tries again.

#pragma once

#include <chrono>

namespace chancery::node {

inline constexpr std::chrono::milliseconds kUnsentAgainAfter{100};
// What the hub found expired, and the clock here did not, is tried again.
inline constexpr std::chrono::milliseconds kAsideFor{30'000};
// What the hub refused since it has another log than its node.
inline constexpr std::chrono::milliseconds kForeignAgainAfter{60'000};
inline constexpr std::chrono::milliseconds kRestampMin{250};
inline constexpr std::chrono::milliseconds kRestampMax{60'000};

// Hello again, where another daemon with the same keys has the link.
inline constexpr std::chrono::milliseconds kElsewhereMin{1'000};
inline constexpr std::chrono::milliseconds kElsewhereMax{16'000};

// Hello again, where a head at quorum has too few lines of those who were witnesses before.
inline constexpr std::chrono::milliseconds kGreetForHeadsEvery{30'000};

}  // namespace chancery::node
