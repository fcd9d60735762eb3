# chancery_module(SOURCES ... [DEPS ...]), in a folder's own CMakeLists.txt, declares that folder as one
# static library named after it: core/ledger becomes chancery::core.ledger.
#
# A folder with `core` in its path does no I/O and is compiled without exceptions; tests/tidy refuses
# sockets, clocks, threads and files in it. Sources are listed, never globbed, so that a file left out
# of the build is seen in review.
function(chancery_module)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SOURCES;DEPS")
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "." name "${folder}")
  add_library(${name} STATIC ${arg_SOURCES})
  add_library(chancery::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE chancery_warnings)
  if(folder MATCHES "(^|/)core(/|$)")
    target_compile_options(${name} PRIVATE -fno-exceptions)
  endif()
endfunction()

# chancery_tests(NAMES a b [DEPS ...] [THREADS]) builds tests/unit/<this folder>/{a,b}_test.cpp into one
# program, which finds this checkout under tests/support/source_folder.h. THREADS: some of them start
# threads or processes, which is what ThreadSanitizer is for; tests/tidy refuses threads without it.
function(chancery_tests)
  if(NOT CHANCERY_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 0 arg "THREADS" "" "NAMES;DEPS")
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "." name "${folder}")
  list(TRANSFORM arg_NAMES PREPEND "${PROJECT_SOURCE_DIR}/tests/unit/${folder}/" OUTPUT_VARIABLE sources)
  list(TRANSFORM sources APPEND "_test.cpp")
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE
                        chancery::${name} ${arg_DEPS} tests.source_folder chancery_warnings GTest::gtest_main)
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_options(${name}_test PRIVATE -O0)  # Far sooner compiled; what is tested has its own.
  set(label unit)
  if(arg_THREADS)
    set(label unit-threads)  # One word is all that can be given here, and `ctest -L` looks for a part.
    add_dependencies(threads-tests ${name}_test)
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${folder}: " DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 120 LABELS ${label})
endfunction()
