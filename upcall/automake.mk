# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += upcall/producer.bpf.h upcall/upcall.bpf.h
