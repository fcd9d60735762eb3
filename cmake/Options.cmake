# How everything is compiled: warnings as errors, the hardening that Debian uses, the linker.
add_library(chancery_warnings INTERFACE)
target_compile_options(chancery_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -Werror)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=mold CHANCERY_HAS_MOLD)
if(CHANCERY_HAS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# The second has messages name sources from here, and what is compiled be the same in every checkout.
add_compile_options(-fstack-protector-strong -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_link_options(-Wl,-z,relro,-z,now)

set(CHANCERY_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize: address,undefined or thread")
if(CHANCERY_SANITIZE)
  add_compile_options(-fsanitize=${CHANCERY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CHANCERY_SANITIZE})
  if(CHANCERY_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Two fifths of what g++ takes to compile, for each access to a member; clang has them in the fuzz preset.
    add_compile_options(-fno-sanitize=null,alignment,vptr,object-size)
  endif()
  # Under sanitizers g++ 12 sees uninitialised values in std::regex that are not there.
  target_compile_options(chancery_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(CHANCERY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
