#include "io/zmq/plain_router.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "io/zmq/endpoint.h"
#include "io/zmq/ipc_listener.h"
#include "tests/unit/io/os/temporary_folder.h"
#include "tests/unit/io/zmq/support.h"

namespace chancery::zmq {
namespace {

class PlainRouterTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "admin.sock"; }
  Result<Router> bind() { return bind_plain_router(context_, {.path = path()}); }

  os::TemporaryFolder folder_;
  Context context_ = must(Context::create());
};

// Nobody authenticated these messages: the user id is empty, and a Router's owner drops them
// unless this is the admin socket.
TEST_F(PlainRouterTest, CarriesMessagesBothWaysWithoutAUserId) {
  Router router = must(bind());
  Dealer dealer = must(connect_plain_dealer(context_, {.path = path()}));
  ASSERT_TRUE(dealer.send({"status"}));
  const Received received = next_message(router);
  EXPECT_EQ(received.user_id, "");
  EXPECT_EQ(received.frames, std::vector<std::string>{"status"});
  ASSERT_TRUE(router.send(received.routing_id, {"well"}));
  EXPECT_EQ(next_message(dealer), std::vector<std::string>{"well"});
}

TEST_F(PlainRouterTest, LetsOnlyTheOwnerOfTheFileIn) {
  const mode_t before = umask(0);
  const Router router = must(bind());
  umask(before);
  struct stat status{};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(PlainRouterTest, RefusesASecondOwnerAndLeavesTheFirstAtWork) {
  Router first = must(bind());
  const Result<Router> second = bind();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAddressInUse);
  Dealer dealer = must(connect_plain_dealer(context_, {.path = path()}));
  ASSERT_TRUE(dealer.send({"status"}));
  EXPECT_EQ(next_message(first).frames, std::vector<std::string>{"status"});
}

// The owner does nothing meanwhile: the Router's own thread sees them come. Well before libzmq
// gives up a handshake, after 3 s.
TEST_F(PlainRouterTest, CutsAtOnceWhatIsOverTheLimitAlsoWhileNobodyCalls) {
  const Router router =
      must(bind_plain_router(context_, {.path = path(), .connection_count_max = 4}));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path().data(), path().size());
  std::vector<pollfd> silent;
  for (int i = 0; i < 5; ++i) {
    silent.push_back({.fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLRDHUP, .revents = 0});
    ASSERT_EQ(
        ::connect(silent.back().fd, reinterpret_cast<const sockaddr*>(&address), sizeof address),
        0);
  }
  EXPECT_EQ(::poll(silent.data(), silent.size(), 2000), 1);
  EXPECT_NE(silent.front().revents, 0);
  for (const pollfd& connection : silent) {
    close(connection.fd);
  }
}

TEST_F(PlainRouterTest, ReplacesTheSocketOfADeadProcess) {
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path().data(), path().size());
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(dead, 1), 0);
  EXPECT_EQ(bind().error().code, ErrorCode::kAddressInUse);
  close(dead);  // As when a process dies: the file stays.
  ASSERT_TRUE(std::filesystem::exists(path()));
  EXPECT_TRUE(bind());
}

TEST_F(PlainRouterTest, DoesNotRemoveAFileThatIsNoSocket) {
  std::ofstream(path()) << "precious";
  const Result<Router> router = bind();
  ASSERT_FALSE(router);
  EXPECT_EQ(router.error().code, ErrorCode::kExists);
  EXPECT_EQ(std::filesystem::file_size(path()), 8U);
}

TEST_F(PlainRouterTest, RemovesItsFileAtTheEndAndNobodyElses) {
  {
    const Router router = must(bind());
    EXPECT_TRUE(std::filesystem::exists(path()));
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
  {
    const Router router = must(bind());
    std::filesystem::remove(path());
    std::ofstream(path()) << "another's";
  }
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(PlainRouterTest, TakesAPathOfExactlyTheLimitAndNoneLonger) {
  const std::string at_limit =
      folder_ / std::string(kIpcPathBytesMax - folder_.path().size() - 1, 'x');
  EXPECT_TRUE(bind_plain_router(context_, {.path = at_limit}));
  for (const std::string& wrong : {at_limit + "x", std::string(), std::string("relative"),
                                   std::string("@abstract"), std::string("/a\0b", 4)}) {
    const Result<Router> router = bind_plain_router(context_, {.path = wrong});
    ASSERT_FALSE(router);
    EXPECT_EQ(router.error().code, ErrorCode::kConfigInvalid);
    EXPECT_EQ(connect_plain_dealer(context_, {.path = wrong}).error().code,
              ErrorCode::kConfigInvalid);
  }
}

TEST_F(PlainRouterTest, SaysThatNoDaemonListens) {
  EXPECT_EQ(connect_plain_dealer(context_, {.path = path()}).error().code, ErrorCode::kNoDaemon);
  EXPECT_EQ(bind_plain_router(context_, {.path = folder_ / "none/admin.sock"}).error().code,
            ErrorCode::kFileMissing);
}

// Applications of a node come over ipc with CURVE: the file's mode is wider, the key decides.
TEST_F(PlainRouterTest, CarriesCurveOverIpcToo) {
  const CurveKeyPair server = random_keys();
  const CurveKeyPair client = random_keys();
  ZapHandler zap = must(ZapHandler::start(context_));
  zap.allow("application", {{client.public_key, "console"}});
  Router router = must(Router::bind(context_, {.endpoint = "ipc://" + path(),
                                               .secret = server.secret,
                                               .zap_domain = "application",
                                               .ipc_mode = 0660}));
  EXPECT_EQ(router.endpoint(), "ipc://" + path());
  struct stat status{};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
  Dealer dealer = must(Dealer::connect(
      context_,
      {.endpoint = router.endpoint(), .own = client, .server_public = server.public_key}));
  ASSERT_TRUE(reaches(dealer, LinkState::kConnected));
  ASSERT_TRUE(dealer.send({"draft"}));
  const Received received = next_message(router);
  EXPECT_EQ(received.user_id, "console");
}

}  // namespace
}  // namespace chancery::zmq
