// What jemalloc, which looks here, is set to in the programs: docs/decisions/0046.
//
// Blocks above 512 KiB are apart, and the system's again once they are freed: libzmq has room for a
// frame from its first byte on, and many may begin one. Under load the daemons' own frames are no
// larger.

extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "oversize_threshold:524289";
}
