"""What tools/setup does with torch's wheel: reading its requirements and unpacking LibTorch from it.

  torch_wheel.py needs  cpu|cuda TORCH.whl          print the NVIDIA requirements, one a line
  torch_wheel.py unpack cpu|cuda FOLDER WHEEL...    fill FOLDER/include and FOLDER/lib

The cpu variant is what CPU code links and loads: libtorch_cpu needs the CUDA runtime and CUPTI even there.
libc10_cuda is small and lets CUDA code of ours be linked on a machine without a GPU.
All libraries lie in one folder: torch's end their search path with $ORIGIN.
"""

import pathlib
import re
import shutil
import sys
import zipfile

CPU_LIBRARIES = re.compile(r"lib(torch_cpu|c10|c10_cuda|gomp[^/]*)\.so[.0-9]*")
CPU_NVIDIA_LIBRARIES = re.compile(r"lib(cudart|cupti)\.so[.0-9]*")
NOT_WITHOUT_PYTHON = re.compile(r"lib(torch_python|shm)\.so")


def needs(variant, wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    for requirement in re.findall(r"^Requires-Dist: ([^;\n]+)", metadata, re.MULTILINE):
        requirement = requirement.strip()
        if requirement.startswith("cuda-toolkit["):
            if variant == "cpu":
                requirement = re.sub(r"\[.*\]", "[cudart,cupti]", requirement)
            print(requirement)
        elif requirement.startswith("nvidia-") and variant == "cuda":
            print(requirement)


def target(variant, name):
    """Where a wheel's member goes, or None."""
    parts = name.split("/")
    file = parts[-1]
    if name.startswith("torch/include/"):
        return name.removeprefix("torch/")
    if len(parts) == 3 and parts[:2] == ["torch", "lib"] and ".so" in file:
        wanted = CPU_LIBRARIES.fullmatch(file) if variant == "cpu" else not NOT_WITHOUT_PYTHON.match(file)
        return "lib/" + file if wanted else None
    if parts[0] == "nvidia" and parts[-2] == "lib" and ".so" in file:
        return "lib/" + file if variant == "cuda" or CPU_NVIDIA_LIBRARIES.fullmatch(file) else None
    if parts[0] == "nvidia" and parts[-2:] == ["include", "nccl.h"]:
        return "include/nccl.h"
    if ".dist-info/" in name and re.match(r"(LICENSE|NOTICE|License)", file):
        return "licenses/" + parts[0].removesuffix(".dist-info") + "/" + file
    return None


def unpack(variant, folder, wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                path = None if member.is_dir() else target(variant, member.filename)
                if path is None:
                    continue
                destination = pathlib.Path(folder, path)
                destination.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(destination, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)


if __name__ == "__main__":
    if sys.argv[1] == "needs":
        needs(sys.argv[2], sys.argv[3])
    else:
        unpack(sys.argv[2], sys.argv[3], sys.argv[4:])
