// Reads the published vectors of tests/vectors/: `name = value` lines, see the README there.
//
// For tests only: an absent file or name fails the test that asks for it.

#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "tests/support/source_folder.h"

namespace chancery::test {

class Vectors {
 public:
  explicit Vectors(const std::string& file) {
    std::ifstream in(std::string(source_folder) + "/tests/vectors/" + file);
    EXPECT_TRUE(in.good()) << file;
    for (std::string line; std::getline(in, line);) {
      const std::size_t at = line.find(" =");
      if (!line.starts_with('#') && at != std::string::npos) {
        values_[line.substr(0, at)] = at + 3 <= line.size() ? line.substr(at + 3) : "";
      }
    }
  }

  // As it stands, with \n for line feeds.
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      ADD_FAILURE() << "no vector " << name;
      return {};
    }
    std::string value = found->second;
    for (std::size_t at = value.find("\\n"); at != std::string::npos; at = value.find("\\n")) {
      value.replace(at, 2, "\n");
    }
    return value;
  }

  [[nodiscard]] std::string bytes(const std::string& name) const { return unhex(text(name)); }
  [[nodiscard]] Hash hash(const std::string& name) const { return hash_from(bytes(name)); }

  // The bytes between spaces; "-" is none at all.
  [[nodiscard]] std::vector<std::string> list(const std::string& name) const {
    std::vector<std::string> items;
    std::istringstream words(text(name));
    for (std::string word; words >> word;) {
      items.push_back(word == "-" ? "" : unhex(word));
    }
    return items;
  }

  [[nodiscard]] std::vector<Hash> hashes(const std::string& name) const {
    std::vector<Hash> items;
    for (const std::string& item : list(name)) {
      EXPECT_EQ(item.size(), Hash{}.size()) << name;
      items.push_back(hash_from(item));
    }
    return items;
  }

 private:
  static std::string unhex(const std::string& digits) {
    const Result<std::string> bytes = from_hex(digits);
    EXPECT_TRUE(bytes.has_value()) << digits;
    return bytes.value_or("");
  }

  std::map<std::string, std::string> values_;
};

}  // namespace chancery::test
