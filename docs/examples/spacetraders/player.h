/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAYER_H
#define PLAYER_H

/*
 * Player: somebody's credits and ships
 */

#include "world.h"

/* Record a transaction. @amount is below zero for an expense. */
void player_transact(struct world *world, struct player *player, enum transaction_type type,
                     enum category category, double amount);

/* A new ship, at home. Returns NULL if there is no money or no room for it. */
struct ship *player_add_ship(struct world *world, struct player *player, const char *role,
                             unsigned fuel_ratio, double price);

#endif
