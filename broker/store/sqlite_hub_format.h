// The tables of the hub's SQLite store, and how those of an older version become them.

#pragma once

#include "io/sqlite/store.h"

namespace chancery::broker {

[[nodiscard]] const sqlite::StoreFormat& hub_format();

}  // namespace chancery::broker
