#include "chancery/options.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/crypto/keys.h"
#include "tests/unit/client/support.h"

namespace chancery::client {
namespace {

constexpr mode_t kPrivate = 0600;

class OptionsTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text, mode_t mode = kPrivate) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }

  void write_key(crypto::Algorithm algorithm = crypto::Algorithm::kX25519, mode_t mode = kPrivate) {
    const std::string seed(32, '\x21');
    write("key.pem", must(crypto::PrivateKey::from_seed(algorithm, as_bytes(seed))).to_pem(), mode);
  }

  void write_config(const std::string& more = "", const std::string& node = "run/local.sock") {
    write("client.toml", "node = \"" + node + "\"\nnode_key = \"" + std::string(64, '3') +
                             "\"\nkey = \"key.pem\"\nmember = \"AM\"\ngenesis = \"" +
                             std::string(64, '4') + "\"\n" + more);
  }

  [[nodiscard]] std::string error_name() const {
    try {
      static_cast<void>(Options::from_file(folder_ / "client.toml"));
    } catch (const Error& error) {
      return error.name();
    }
    return "no error";
  }

  os::TemporaryFolder folder_;
};

TEST_F(OptionsTest, PathsAreRelativeToTheFile) {
  write_key();
  write_config();
  const Options options = Options::from_file(folder_ / "client.toml");
  EXPECT_EQ(options.node, "ipc://" + folder_ / "run/local.sock");
  EXPECT_EQ(options.member, "AM");
  EXPECT_EQ(options.node_key[0], 0x33);
  EXPECT_EQ(options.key[0], 0x21);
}

TEST_F(OptionsTest, ATcpAddressStaysAsItIs) {
  write_key();
  write_config("connect_timeout_ms = 50\n", "tcp://127.0.0.1:7420");
  const Options options = Options::from_file(folder_ / "client.toml");
  EXPECT_EQ(options.node, "tcp://127.0.0.1:7420");
  EXPECT_EQ(options.connect_timeout, std::chrono::milliseconds(50));
}

TEST_F(OptionsTest, EachMistakeHasItsOwnError) {
  EXPECT_EQ(error_name(), "file-missing");
  write_config();
  EXPECT_EQ(error_name(), "file-missing");  // The key file.
  write_key();
  EXPECT_EQ(error_name(), "no error");
  write_config("nodekey = \"\"\n");
  EXPECT_EQ(error_name(), "config-unknown-key");
  write_config("connect_timeout_ms = \"50\"\n");
  EXPECT_EQ(error_name(), "config-wrong-type");
  write_config("request_timeout_ms = 0\n");
  EXPECT_EQ(error_name(), "config-invalid");
  write_config();
  write_key(crypto::Algorithm::kX25519, 0640);
  EXPECT_EQ(error_name(), "file-permissions");
  write_key(crypto::Algorithm::kEd25519);
  EXPECT_EQ(error_name(), "config-invalid");
}

TEST_F(OptionsTest, ATcpAddressHasAHostAndAPort) {
  write_key();
  write_config("", "tcp://localhost:65535");
  EXPECT_EQ(error_name(), "no error");
  for (const char* const bad : {"tcp://127.0.0.1:65536", "tcp://127.0.0.1:0", "tcp://127.0.0.1",
                                "tcp://*:7420", "tcp://127.0.0.1:*"}) {
    write_config("", bad);
    EXPECT_EQ(error_name(), "config-invalid") << bad;
  }
}

// unix(7) takes 107 bytes of a path: at the limit and one over.
TEST_F(OptionsTest, ASocketPathOfTheLimitIsTakenAndNoneLonger) {
  write_key();
  const std::size_t room = 107 - (folder_ / "").size();
  write_config("", std::string(room, 'x'));
  EXPECT_EQ(error_name(), "no error");
  write_config("", std::string(room + 1, 'x'));
  EXPECT_EQ(error_name(), "config-invalid");
}

}  // namespace
}  // namespace chancery::client
