#!/bin/sh
# Fetches published weights, imports them, and checks that each recognises the Samoyed in the photo of
# PyTorch's hub, which it fetches too. Needs internet access and about 2 GB in the cache folder.
#
#     scripts/check_published_weights.sh [ZOO]
set -eu
zoo=$(realpath "${1:-target/release/zoo}")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

labels=https://raw.githubusercontent.com/pytorch/hub/master/imagenet_classes.txt
curl -fsSLo names.txt "$labels"
curl -fsSLo samoyed.jpg https://raw.githubusercontent.com/pytorch/hub/master/images/dog.jpg

# WEIGHTS NAME: one of the five most probable classes must be the right one.
check() {
    "$zoo" predict "$1" samoyed.jpg --top-k 5 -q >said.txt
    if grep -q Samoyed said.txt; then
        echo "good   $2: $(cat said.txt)"
    else
        echo "WRONG  $2: expected Samoyed: $(cat said.txt)"
        failed=1
    fi
}

failed=0
for name in torchvision/alexnet torchvision/vit_b_16 torchvision/vit_b_32 \
    timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k \
    timm/vit_small_patch16_224.augreg_in21k_ft_in1k \
    timm/vit_base_patch16_224.augreg_in21k_ft_in1k \
    torchvision/resnet18 torchvision/resnet50 timm/resnet18.a1_in1k microsoft/resnet-50 \
    google/vit-base-patch16-224; do
    "$zoo" import "$name" --classes names.txt --out weights.safetensors
    check weights.safetensors "$name"
done
exit $failed
