// One POST to a server elsewhere, over http or https.
//
// The certificate of an https server is always verified, against the system's CAs or those of one
// file, and for the host of the URL. Redirects are not followed, proxies not asked, nothing of an
// answer is read but its status. The library (cpp-httplib) has time-outs for each step and not for
// the whole, waits for the resolver as long as that takes, and reads headers without a bound: so
// post() is for a process that may be ended and has little memory (node/post_hook.h), never for a
// daemon's own.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace chancery::http {

inline constexpr std::size_t kUrlBytesMax = 2048;

struct Url {
  bool secure = false;  // https
  std::string host{};   // Without brackets.
  std::uint16_t port = 0;
  std::string target{};     // Path and query, from the slash on.
  std::string authority{};  // Host and port as they were written, in brackets where they had them.

  bool operator==(const Url&) const = default;
};

// "https://host[:port][/path][?query]": a name, an IPv4 address or a bracketed IPv6 one, visible
// ASCII, no user and no fragment. kConfigInvalid else.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

struct Post {
  std::string url;
  std::string body;
  std::string type;                                            // Of the body.
  std::vector<std::pair<std::string, std::string>> headers{};  // Besides.
  std::string ca_file{};                 // PEM; empty: the CAs that the system trusts.
  std::chrono::seconds step_time_max{};  // To connect, for each read and each write.
};

struct Posted {
  std::optional<int> status{};  // Nothing where none came.
  bool may_be_heard = false;    // Some of the request may have left.
  std::string fault{};          // Why there is no status.
};

[[nodiscard]] Posted post(const Post& post);

}  // namespace chancery::http
