/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Player
 *
 * Its ledger is the truth for all numbers of money: each transaction goes through one function.
 */

#include "player.h"

#include "metrics.h"

#include <stddef.h>

void player_transact(struct world *world, struct player *player, enum transaction_type type,
                     enum category category, double amount)
{
    player->credits += amount;
    if (amount < 0)
        player->expenses[category] -= amount;
    else
        player->revenue[category] += amount;
    metrics_command(world->metrics, "RecordTransactionCommand", true,
                    (2.0 + world_roll(world, 20)) / TICKS_PER_S);
    metrics_transaction(world->metrics, player, type, category, amount);
}

struct ship *player_add_ship(struct world *world, struct player *player, const char *role,
                             unsigned fuel_ratio, double price)
{
    struct ship *ship = &player->ships[player->n_ships];

    if (player->n_ships == SHIPS_MAX || player->credits < price)
        return NULL;
    player->n_ships++;
    *ship = (struct ship){ .role = role, .fuel = 400, .fuel_max = 400, .fuel_ratio = fuel_ratio };
    if (price > 0)
        player_transact(world, player, TRANSACTION_PURCHASE_SHIP, SHIP_INVESTMENTS, -price);
    return ship;
}
