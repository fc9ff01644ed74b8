# The gallery's loops over rows, a file for each kind of processor; which one runs is chosen at run time (ADR 024). Optimised in
# every build: there is nothing in them to step through, and tests with thousands of rows go through all of them.
set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni)
set_source_files_properties(src/gallery/scan_base.c src/gallery/scan_neon.c PROPERTIES COMPILE_OPTIONS "-O3")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(src/gallery/scan_avx2.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx2")
  set_source_files_properties(src/gallery/scan_avxvnni.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mavxvnni")
  set_source_files_properties(src/gallery/scan_avx512.c PROPERTIES COMPILE_OPTIONS "-O3;${avx512}")
  set_source_files_properties(src/gallery/scan_amx.c PROPERTIES COMPILE_OPTIONS "-O3;${avx512};-mamx-tile;-mamx-int8")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set_source_files_properties(src/gallery/scan_dotprod.c PROPERTIES COMPILE_OPTIONS "-O3;-march=armv8.2-a+dotprod")
endif()
