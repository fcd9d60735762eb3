#include "cli/bench/ceilings.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/bench/round.h"
#include "core/crypto/sha256.h"
#include "core/crypto/signer.h"
#include "io/os/clock.h"
#include "io/os/failure.h"
#include "io/os/fd.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "io/sqlite/database.h"
#include "io/sqlite/transaction.h"

namespace chancery::cli::bench {
namespace {

constexpr std::chrono::milliseconds kEach{250};
constexpr std::size_t kSyncedBytes = 4096;
constexpr std::size_t kAppendedBytes = 1U << 20U;
constexpr std::size_t kNoticeBytes = 1024;
constexpr std::size_t kPingBytes = 64;
constexpr const char* kLoopback = "127.0.0.1";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(os::steady_now() - start).count();
}

// How often a second something is done that takes no longer than the whole measurement.
Result<double> rate_of(const std::function<Result<void>()>& work) {
  const auto start = os::steady_now();
  std::uint64_t done = 0;
  while (os::steady_now() - start < kEach) {
    CHANCERY_TRY_VOID(work());
    ++done;
  }
  return static_cast<double>(done) / seconds_since(start);
}

Result<os::Fd> make_file(const std::string& path) {
  os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    return os::system_failure("open", path);
  }
  return file;
}

Result<double> syncs(const std::string& path) {
  CHANCERY_TRY(const os::Fd file, make_file(path));
  const std::string block(kSyncedBytes, 'x');
  return rate_of([&]() -> Result<void> {
    CHANCERY_TRY_VOID(os::write_all(file, path, block));
    if (::fdatasync(file.get()) != 0) {
      return os::system_failure("fdatasync", path);
    }
    return {};
  });
}

Result<double> appended(const std::string& path) {
  CHANCERY_TRY(const os::Fd file, make_file(path));
  const std::string block(kAppendedBytes, 'x');
  const auto start = os::steady_now();
  double bytes = 0;
  while (os::steady_now() - start < kEach) {
    CHANCERY_TRY_VOID(os::write_all(file, path, block));
    bytes += static_cast<double>(block.size());
  }
  if (::fdatasync(file.get()) != 0) {
    return os::system_failure("fdatasync", path);
  }
  return bytes / kBytesPerMib / seconds_since(start);
}

Result<double> commits(const std::string& path) {
  CHANCERY_TRY(
      sqlite::Database database,
      sqlite::Database::open(
          path, {.mode = sqlite::OpenMode::kCreate, .application_id = 1, .user_version = 1}));
  CHANCERY_TRY_VOID(
      database.execute("CREATE TABLE row(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"));
  CHANCERY_TRY_VOID(database.make_durable());
  const std::string block(kNoticeBytes, 'x');
  CHANCERY_TRY(sqlite::Statement insert, database.prepare("INSERT INTO row(bytes) VALUES (?1)"));
  return rate_of([&]() -> Result<void> {
    CHANCERY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database));
    insert.bind(1, as_bytes(block));
    CHANCERY_TRY_VOID(insert.run());
    return transaction.commit();
  });
}

// One end answers what the other asks, until that hangs up.
Result<double> round_trips() {
  const os::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener.get() < 0 || ::bind(listener.get(), generic, size) != 0 ||
      ::listen(listener.get(), 1) != 0 || ::getsockname(listener.get(), generic, &size) != 0) {
    return os::system_failure("listen", kLoopback);
  }
  os::Fd asking(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (asking.get() < 0 || ::connect(asking.get(), generic, size) != 0) {
    return os::system_failure("connect", kLoopback);
  }
  const os::Fd answering(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (answering.get() < 0) {
    return os::system_failure("accept", kLoopback);
  }
  constexpr int kOn = 1;
  for (const int end : {asking.get(), answering.get()}) {
    ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof(kOn));
  }
  std::array<char, kPingBytes> ping{};
  const std::jthread echo([&answering] {
    std::array<char, kPingBytes> heard{};
    while (::recv(answering.get(), heard.data(), heard.size(), MSG_WAITALL) ==
               static_cast<ssize_t>(heard.size()) &&
           ::send(answering.get(), heard.data(), heard.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(heard.size())) {
    }
  });
  Result<double> rate = rate_of([&]() -> Result<void> {
    if (::send(asking.get(), ping.data(), ping.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(ping.size()) ||
        ::recv(asking.get(), ping.data(), ping.size(), MSG_WAITALL) !=
            static_cast<ssize_t>(ping.size())) {
      return os::system_failure("recv", kLoopback);
    }
    return {};
  });
  ::shutdown(asking.get(), SHUT_RDWR);
  return rate;
}

Result<void> measure_in(const std::string& folder, const std::function<Result<void>()>& check,
                        Ceilings& ceilings) {
  CHANCERY_TRY(ceilings.fdatasync_per_s, syncs(folder + "/synced"));
  CHANCERY_TRY_VOID(check());
  CHANCERY_TRY(ceilings.append_mib_per_s, appended(folder + "/appended"));
  CHANCERY_TRY_VOID(check());
  CHANCERY_TRY(ceilings.commit_per_s, commits(folder + "/commits.db"));
  CHANCERY_TRY_VOID(check());
  const std::string seed = os::random_bytes(crypto::kKeyBytes);
  CHANCERY_TRY(crypto::PrivateKey key,
               crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, as_bytes(seed)));
  crypto::KeySigner signer(std::move(key));
  const std::string message(kPingBytes, 'x');
  CHANCERY_TRY(ceilings.sign_per_s, rate_of([&]() -> Result<void> {
                 CHANCERY_TRY_VOID(signer.sign(as_bytes(message)));
                 return {};
               }));
  CHANCERY_TRY_VOID(check());
  CHANCERY_TRY(const std::string signature, signer.sign(as_bytes(message)));
  CHANCERY_TRY(ceilings.verify_per_s, rate_of([&] {
                 return crypto::verify(signer.public_key(), as_bytes(message), as_bytes(signature));
               }));
  CHANCERY_TRY_VOID(check());
  const std::string block(kNoticeBytes, 'x');
  std::uint8_t seen = 0;
  CHANCERY_TRY(const double hashed, rate_of([&]() -> Result<void> {
                 seen ^= crypto::sha256({as_bytes(block)}).front();
                 return {};
               }));
  ceilings.sha256_mib_per_s = hashed * static_cast<double>(block.size()) / kBytesPerMib;
  CHANCERY_TRY_VOID(check());
  CHANCERY_TRY(ceilings.round_trip_per_s, round_trips());
  return {};
}

}  // namespace

double Ceilings::lone_notice_us() const {
  return 2 * kMicrosPerSecond *
         ((1 / commit_per_s) + (1 / sign_per_s) + (1 / verify_per_s) + (1 / round_trip_per_s));
}

Result<Ceilings> measure_ceilings(const std::string& folder,
                                  const std::function<Result<void>()>& check) {
  const std::string inner = folder + "/ceilings";
  std::error_code failed;
  CHANCERY_TRY_VOID(os::make_private_folder(inner));
  Ceilings ceilings;
  const Result<void> measured = measure_in(inner, check, ceilings);
  std::filesystem::remove_all(inner, failed);
  CHANCERY_TRY_VOID(measured);
  return ceilings;
}

text::Json to_json(const Ceilings& ceilings) {
  return {{"fdatasync_per_s", rounded(ceilings.fdatasync_per_s)},
          {"append_mib_per_s", rounded(ceilings.append_mib_per_s)},
          {"commit_per_s", rounded(ceilings.commit_per_s)},
          {"sign_per_s", rounded(ceilings.sign_per_s)},
          {"verify_per_s", rounded(ceilings.verify_per_s)},
          {"sha256_mib_per_s", rounded(ceilings.sha256_mib_per_s)},
          {"round_trip_per_s", rounded(ceilings.round_trip_per_s)},
          {"lone_notice_us", rounded(ceilings.lone_notice_us())}};
}

}  // namespace chancery::cli::bench
