# bench/bench_<noun>.c -> a program, run by `tebura bench`; bench/support/ starts the real programs for them; bench/search/ are
# the parts of bench_search, with FAISS where libfaiss-dev is there. Nothing but bench_search links to FAISS or to C++.
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.c)
add_library(bench_support STATIC bench/support/site.c apps/tebura/process.c apps/tebura/http_client.c
                                 tests/support/nats_server.c tests/support/port.c)
target_include_directories(bench_support PUBLIC apps/tebura bench tests/support)
target_link_libraries(bench_support PUBLIC tebura)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE src)
  target_link_libraries(${name} PRIVATE bench_support)
endforeach()

set(search_sources bench/search/data.c bench/search/draw.c bench/search/floor.c bench/search/lists.c bench/search/race.c
                   bench/search/report.c bench/search/update.c)
target_sources(bench_search PRIVATE ${search_sources})
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set_source_files_properties(bench/search/data.c bench/search/floor.c PROPERTIES COMPILE_OPTIONS "-O3")
endif()

# The parts of bench_feed; its floor is the broker's client library alone, with a broker of its own.
target_sources(bench_feed PRIVATE bench/feed/catch_up.c bench/feed/cost.c bench/feed/crowd.c bench/feed/draw.c
                                  bench/feed/durable.c bench/feed/passages.c bench/feed/peer.c bench/feed/site.c)
target_sources(bench_events PRIVATE bench/feed/site.c)
target_link_libraries(bench_feed PRIVATE PkgConfig::NATS)

# The best build of FAISS that is there; Debian has the plain one.
option(TEBURA_FAISS "Measure bench_search beside FAISS where it is installed" ON)
include(CheckLanguage)
if(TEBURA_FAISS AND NOT TEBURA_FUZZ)
  find_path(FAISS_INCLUDE faiss/IndexScalarQuantizer.h)
  find_library(FAISS_LIBRARY NAMES faiss_avx512 faiss_avx2 faiss)
  find_library(FAISS_BLAS NAMES openblas blas)
  find_library(FAISS_LAPACK NAMES openblas lapack)
  check_language(CXX)
endif()
if(FAISS_INCLUDE AND FAISS_LIBRARY AND FAISS_BLAS AND FAISS_LAPACK AND CMAKE_CXX_COMPILER AND TEBURA_FAISS AND NOT TEBURA_FUZZ)
  enable_language(CXX)
  find_package(OpenMP COMPONENTS CXX)
endif()
if(OpenMP_CXX_FOUND AND FAISS_LIBRARY)
  add_library(bench_faiss OBJECT bench/search/faiss_peer.cc)
  # The options of the C sources are not all known to C++; what it measures is optimised in every build.
  set_target_properties(bench_faiss PROPERTIES COMPILE_OPTIONS "-Wall;-Wextra;-O2" CXX_STANDARD 17)
  target_include_directories(bench_faiss SYSTEM PRIVATE ${FAISS_INCLUDE})
  target_link_libraries(bench_faiss PRIVATE OpenMP::OpenMP_CXX)
  target_link_libraries(bench_search PRIVATE bench_faiss ${FAISS_LIBRARY} ${FAISS_LAPACK} ${FAISS_BLAS} OpenMP::OpenMP_CXX)
  set_target_properties(bench_search PROPERTIES LINKER_LANGUAGE CXX)
  message(STATUS "bench_search: beside ${FAISS_LIBRARY} with ${FAISS_BLAS}")
else()
  target_sources(bench_search PRIVATE bench/search/faiss_none.c)
  message(STATUS "bench_search: without FAISS (tools/setup --for bench installs it)")
endif()
