# The gallery's loops over rows, a file for each kind of processor; which one runs is chosen at run time (ADR 024). Optimised in
# every build: there is nothing in them to step through, and tests with thousands of rows go through all of them.
# A product and a sum stay two operations: fused, other processors would give other scores (K1).
set(unfused -ffp-contract=off)
set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni)
set_source_files_properties(src/gallery/scan_base.c src/gallery/scan_neon.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused}")
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set_source_files_properties(src/gallery/gallery.c src/gallery/search.c src/gallery/batch.c PROPERTIES COMPILE_OPTIONS "-O3")
endif()
# The simulated camera's pixels: a third of the time of all scenarios.
set_source_files_properties(src/camera/scene.c PROPERTIES COMPILE_OPTIONS "-O3")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(src/gallery/scan_avx2.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused};-mavx2")
  set_source_files_properties(src/gallery/scan_avxvnni.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused};-mavx2;-mavxvnni")
  set_source_files_properties(src/gallery/scan_avx512.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused};${avx512}")
  set_source_files_properties(src/gallery/scan_amx.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused};${avx512};-mamx-tile;-mamx-int8")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set_source_files_properties(src/gallery/scan_dotprod.c PROPERTIES COMPILE_OPTIONS "-O3;${unfused};-march=armv8.2-a+dotprod")
endif()
