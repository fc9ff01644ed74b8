/* fuzz_replay.c: runs a fuzz target over files without libFuzzer, so that every build replays what was ever found.
 * Each file runs whole and, as parsers fail most at ends, cut short at every length (the first 4096 bytes; sparser
 * beyond). Arguments: files or folders. A folder without any file is an error: a replay of nothing shows nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

struct count {
    unsigned long files, inputs;
};

/* The copy has exactly `size` bytes, so that AddressSanitizer sees a read of one byte more. */
static int run_prefix(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return -1;
    if (size)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 0;
}

static uint8_t *read_all(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = file ? malloc(size + 1) : NULL;
    if (data && fread(data, 1, size, file) != size) {
        free(data);
        data = NULL;
    }
    if (file)
        fclose(file);
    return data;
}

static int run_file(const char *path, size_t size, struct count *count)
{
    uint8_t *data = read_all(path, size);
    if (!data) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    int failed = run_prefix(data, size);
    count->files++;
    count->inputs++;
    size_t step = 1;
    for (size_t cut = 0; cut < size && !failed; cut += step) {
        failed = run_prefix(data, cut);
        count->inputs++;
        if (cut >= 4096)
            step = size / 64 + 1;
    }
    free(data);
    return failed;
}

static int run_path(const char *path, struct count *count);

static int run_folder(const char *path, struct count *count)
{
    DIR *folder = opendir(path);
    if (!folder) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    int failed = 0;
    for (struct dirent *entry = readdir(folder); entry && !failed; entry = readdir(folder)) {
        char inner[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < (int)sizeof inner)
            failed = run_path(inner, count);
    }
    closedir(folder);
    return failed;
}

static int run_path(const char *path, struct count *count)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    return S_ISDIR(about.st_mode) ? run_folder(path, count) : run_file(path, (size_t)about.st_size, count);
}

int main(int argc, char **argv)
{
    struct count count = {0, 0};
    int failed = 0;
    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc && !failed; i++)
        failed = run_path(argv[i], &count);
    printf("%lu files, %lu inputs replayed\n", count.files, count.inputs);
    if (!failed && count.files == 0) {
        fprintf(stderr, "nothing to replay: put at least one file into the corpus folder\n");
        failed = -1;
    }
    return failed ? 1 : 0;
}
