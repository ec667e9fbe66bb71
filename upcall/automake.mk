# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += upcall/upcall.bpf.h
